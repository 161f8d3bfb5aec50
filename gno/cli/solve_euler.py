"""``gno solve euler``: steady flow of a gas without friction."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gno.cli.options import Conditions, Debug, Fields, Json, MeshFile, Quiet, Set
from gno.cli.output import Output

if TYPE_CHECKING:
    from gno.cli.gas import GasProblem, Steady


def euler(
    mesh: MeshFile,
    out: Fields,
    set_: Set = None,
    bc: Conditions = None,
    initial: Annotated[
        Path | None,
        typer.Option("--initial", metavar="FLOW.vtu", help="Start from a flow of the same stream, on any mesh."),
    ] = None,
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
    from gno.cli.gas import GasProblem
    from gno.cli.places import check_file
    from gno.cli.settings import settings
    from gno.mesh import load

    output = Output(as_json=as_json, quiet=quiet)
    given = settings(set_, example="mach=0.8")
    check_file(out, (".vtu", ".msh"), inputs=[mesh, *filter(None, [initial])])
    problem, start = GasProblem(load(mesh), given, bc), None if initial is None else load(initial)
    begun = time.perf_counter()
    steady = problem.steady(lambda step, residual: output.note(f"step {step}: residual {residual:.2e}"), initial=start)
    _tell(output, problem, steady, out, time.perf_counter() - begun)


def _tell(output: Output, problem: GasProblem, steady: Steady, out: Path, seconds: float) -> None:
    from gno.cli.outcome import ends, tell_report
    from gno.report.convergence import residual_picture

    flow, forces = steady.flow, steady.forces
    files = _write(problem, steady, out)
    files["residual_picture"] = residual_picture(
        flow.report.history, out.with_name(f"{out.stem}_residual.png"), title="residual, relative to the free stream's"
    )
    if forces:
        output.table(["patch", "cd", "cl"], [[name, row["cd"], row["cl"]] for name, row in forces.items()])
    extremes = {"mach": ends(flow.mach), "cp": ends(flow.cp)}
    output.text(f"Mach number from {extremes['mach']['min']:.3g} to {extremes['mach']['max']:.3g}")
    about = tell_report(output, flow.report, seconds)
    output.text(f"wrote {', '.join(map(str, files.values()))}")
    output.result({**about, "history": flow.report.history, "forces": forces, **extremes, "seconds": seconds, **files})


def _write(problem: GasProblem, steady: Steady, out: Path) -> dict[str, Path]:
    """The fields, the Mach number about the walls, and the pressure on them."""
    from gno.files import replacing
    from gno.mesh import save
    from gno.report import field_picture
    from gno.report.pressure_picture import pressure_picture

    files, picture = {"path": out}, out.with_suffix(".png")
    flow = f"Mach {problem.mach:g}, {problem.alpha:g} degrees, {problem.solver.scheme}"
    with replacing(picture) as image:
        field_picture(steady.mesh, "mach", image, title=f"Mach number at {flow}", window=problem.window)
        save(steady.mesh, out)
    files["picture"] = picture
    surface = problem.surface(steady.mesh.point_data["cp"])
    if surface:
        place = out.with_name(f"{out.stem}_cp.png")
        files["pressure_picture"] = pressure_picture(
            surface, place, critical=float(steady.flow.critical_cp), title=f"pressure at {flow}"
        )
    return files
