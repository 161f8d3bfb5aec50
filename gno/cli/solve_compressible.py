"""``gno solve compressible``: steady laminar flow of a gas with friction."""

from __future__ import annotations

from gno.cli.options import Conditions, Debug, Fields, Initial, Json, MeshFile, Quiet, Set
from gno.cli.output import Output


def compressible(
    mesh: MeshFile,
    out: Fields,
    set_: Set = None,
    bc: Conditions = None,
    initial: Initial = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Steady compressible laminar flow: lift, drag of pressure and of friction, and the pressure on the surface.

    --set mach=M and --set reynolds=RE are needed; --set alpha=DEGREES, scheme, density, pressure, heat_ratio, chord,
    cfl and vortex are as of euler, which has no friction. --set prandtl=0.72, length (that the Reynolds number refers
    to; the chord without it), and sutherland=S, over the temperature of the free stream: constant viscosity without.

    Patches named airfoil, wall, farfield and symmetry need no --bc; walls let no heat through. Kinds for others:
    noslip, noslip:VX,VY (a wall that moves), isothermal:T (over the temperature of the free stream), slip, farfield,
    symmetry, inlet:SPEED, velocity:VX,VY, stagnation:PRESSURE,DENSITY, pressure:VALUE.

    --initial FLOW.vtu starts from what this command wrote for the same stream, as on a coarser mesh.

    Where it does not converge, --set cfl=1 (10 without) goes in smaller steps.
    """
    from gno.cli.gas_flow import solve_gas

    solve_gas(Output(as_json=as_json, quiet=quiet), mesh, out, set_, bc, initial=initial, friction=True)
