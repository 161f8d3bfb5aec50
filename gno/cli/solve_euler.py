"""``gno solve euler``: steady flow of a gas without friction."""

from __future__ import annotations

from gno.cli.options import Conditions, Debug, Fields, Initial, Json, MeshFile, Quiet, Set
from gno.cli.output import Output


def euler(
    mesh: MeshFile,
    out: Fields,
    set_: Set = None,
    bc: Conditions = None,
    initial: Initial = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Steady compressible flow without friction: lift, drag, and the pressure on the surface.

    --set mach=M is needed; --set alpha=DEGREES (angle of attack) and --set scheme=jst|roe|hllc are not, nor are
    density and pressure of the free stream (its speed of sound is 1 without), heat_ratio=1.4, chord=1.

    Patches named airfoil, wall, farfield and symmetry need no --bc. Kinds for others: slip, farfield, symmetry,
    inlet:SPEED, velocity:VX,VY, stagnation:PRESSURE,DENSITY, pressure:VALUE.

    --set vortex=true lets the far field swirl with the lift: then lift hardly depends on how far away that is.

    --initial FLOW.vtu starts from what this command wrote for the same stream, as on a coarser mesh.

    Where it does not converge, --set cfl=1 (10 without) goes in smaller steps.
    """
    from gno.cli.gas_flow import solve_gas

    solve_gas(Output(as_json=as_json, quiet=quiet), mesh, out, set_, bc, initial=initial, friction=False)
