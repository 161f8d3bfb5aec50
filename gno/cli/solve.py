"""``gno solve``: the finite-volume solvers alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Json, MeshFile, Quiet, Set
from gno.cli.output import Output

solve = typer.Typer(name="solve", help="Solve a PDE on a mesh by finite volumes.", no_args_is_help=True)
Out = Annotated[Path, typer.Option("-o", "--out", metavar="OUT.vtu", help="Fields; a picture lies beside it.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--bc", metavar="PATCH=KIND[:VALUE]", help="What holds on a patch; '*' names all others."),
]


@solve.callback()
def _solve() -> None:
    pass


@solve.command()
def darcy(
    mesh: MeshFile,
    out: Out,
    set_: Set = None,
    bc: Conditions = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Steady flow through a porous medium, -div(a grad u) = f.

    --set permeability=VALUE and --set source=VALUE take a number or the name of a field.

    Without, the fields of these names are taken, and 1 where the mesh has none.

    On the boundary u is 0, or what --bc says: --bc inlet=dirichlet:1 --bc '*=neumann:0'. Kinds: dirichlet:VALUE,
    neumann:FLUX, robin:TRANSFER,VALUE, symmetry, periodic:PATCH.
    """
    from gno.cli.conditions import SCALAR, conditions
    from gno.cli.darcy import darcy_fields
    from gno.cli.places import check_file
    from gno.cli.prediction import write_with_picture
    from gno.cli.settings import settings
    from gno.mesh import load

    output = Output(as_json=as_json, quiet=quiet)
    given = settings(set_, example="permeability=1")
    boundary = conditions(bc, SCALAR)
    check_file(out, (".vtu", ".msh"), inputs=[mesh])
    domain = load(mesh)
    begun = time.perf_counter()
    solved, shown, solution = darcy_fields(domain, given, boundary)
    seconds = time.perf_counter() - begun
    picture = write_with_picture(solved, shown, out, title="solution of -div(a grad u) = f")
    report, flux = solution.report, {name: float(value) for name, value in solution.flux.items()}
    output.table(["patch", "flux"], [[name, value] for name, value in flux.items()])
    output.text(f"{report.iterations} iterations, residual {report.residual:.2g}, {seconds:.3g} s")
    output.text(f"wrote {out} and {picture}")
    about = {"converged": report.converged, "iterations": report.iterations, "residual": report.residual}
    ends = {"min": float(solution.u.min()), "max": float(solution.u.max())}
    files = {"path": out, "picture": picture}
    output.result({**about, "flux": flux, "u": ends, "seconds": seconds, **files})


@solve.command("navier-stokes")
def navier_stokes(
    mesh: MeshFile,
    out: Out,
    set_: Set = None,
    bc: Conditions = None,
    force: Annotated[
        list[str] | None, typer.Option("--force", metavar="PATCH", help="Report drag and lift of a patch; repeatable.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Steady incompressible flow of density one.

    --set viscosity=NU is needed; --set body_force=FX,FY and --set blending=SHARE (of upwinding, 0 to 1) are not.

    Walls are where --bc says nothing else: --bc inlet=inlet:1 --bc outlet=pressure:0 --bc lid=noslip:1,0. Kinds:
    noslip[:VELOCITY], inlet:SPEED, parabola:PEAK, velocity:VX,VY, pressure:VALUE, slip, symmetry, periodic:PATCH.

    Drag and lift of --force PATCH refer to --set speed=U, --set length=L and --set direction=1,0.
    """
    from gno.cli.conditions import conditions, flow_kinds
    from gno.cli.flow import flow_fields
    from gno.cli.places import check_file
    from gno.cli.prediction import write_with_picture
    from gno.cli.settings import settings
    from gno.fv import NoSlip
    from gno.mesh import load
    from gno.report.convergence import residual_picture

    output = Output(as_json=as_json, quiet=quiet)
    given = settings(set_, example="viscosity=0.01")
    check_file(out, (".vtu", ".msh"), inputs=[mesh])
    domain = load(mesh)
    begun = time.perf_counter()
    solved, flow, drag = flow_fields(
        domain,
        given,
        {"*": NoSlip(), **conditions(bc, flow_kinds(domain))},
        force or (),
        on_step=lambda step, residual: output.note(f"step {step}: residual {residual:.2e}"),
    )
    seconds = time.perf_counter() - begun
    picture = write_with_picture(solved, {"speed": "1", "pressure": "1"}, out, title="steady incompressible flow")
    history = residual_picture(
        flow.report.history, out.with_name(f"{out.stem}_residual.png"), title="residual, relative to the start"
    )
    if drag:
        output.table(["patch", "cd", "cl"], [[name, row["cd"], row["cl"]] for name, row in drag.items()])
    report = flow.report
    output.text(f"{report.iterations} iterations, residual {report.residual:.2g}, {seconds:.3g} s")
    output.text(f"wrote {out}, {picture} and {history}")
    about = {"converged": report.converged, "iterations": report.iterations, "residual": report.residual}
    files = {"path": out, "picture": picture, "residual_picture": history}
    output.result({**about, "history": list(report.history), "forces": drag, "seconds": seconds, **files})
