"""The flow of a gas as two commands solve for it: told, and written."""

from __future__ import annotations

import time
from pathlib import Path

from gno.cli.gas import GasProblem, Steady
from gno.cli.outcome import ends, tell_report
from gno.cli.output import Output
from gno.cli.places import check_file
from gno.cli.settings import settings
from gno.errors import within_memory_of
from gno.files import replacing
from gno.mesh import load, save
from gno.report import field_picture
from gno.report.convergence import residual_picture
from gno.report.pressure_picture import pressure_picture


def solve_gas(
    output: Output,
    mesh: Path,
    out: Path,
    words: list[str] | None,
    bc: list[str] | None,
    *,
    initial: Path | None,
    friction: bool,
) -> None:
    """Solve, write and tell.

    Args:
        output: where to.
        mesh: its file.
        out: file of the fields.
        words: ``NAME=VALUE``.
        bc: ``PATCH=KIND``.
        initial: file of a flow to start from.
        friction: whether there is any.

    Raises:
        GnoError: what is given cannot be solved.
    """
    given = settings(words, example="mach=0.8")
    check_file(out, (".vtu", ".msh"), inputs=[mesh, *filter(None, [initial])])
    domain, start = load(mesh), None if initial is None else load(initial)
    with within_memory_of("a solve", domain.num_cells, of="cells"):
        problem = GasProblem(domain, given, bc, friction=friction)
        begun = time.perf_counter()
        steady = problem.steady(lambda step, now: output.note(f"step {step}: residual {now:.2e}"), initial=start)
        seconds = time.perf_counter() - begun
    _tell(output, problem, steady, out, seconds)


def _tell(output: Output, problem: GasProblem, steady: Steady, out: Path, seconds: float) -> None:
    flow, forces = steady.flow, steady.forces
    files = _write(problem, steady, out)
    files["residual_picture"] = residual_picture(
        flow.report.history, out.with_name(f"{out.stem}_residual.png"), title="residual, relative to the free stream's"
    )
    if forces:
        columns = [name for name in next(iter(forces.values())) if name != "force"]
        output.table(["patch", *columns], [[name, *(row[of] for of in columns)] for name, row in forces.items()])
    extremes = {"mach": ends(flow.mach), "cp": ends(flow.cp)}
    output.text(f"Mach number from {extremes['mach']['min']:.3g} to {extremes['mach']['max']:.3g}")
    about = tell_report(output, flow.report, seconds)
    output.text(f"wrote {', '.join(map(str, files.values()))}")
    output.result({**about, "history": flow.report.history, "forces": forces, **extremes, "seconds": seconds, **files})


def _write(problem: GasProblem, steady: Steady, out: Path) -> dict[str, Path]:
    """The fields, the Mach number about the walls, and the pressure on them."""
    files, picture = {"path": out}, out.with_suffix(".png")
    flow = f"Mach {problem.mach:g}, {problem.alpha:g} degrees, {problem.solver.scheme}"
    flow += "" if "reynolds" not in problem.given else f", Reynolds {problem.given['reynolds']:g}"
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
