"""``gno solve advection-diffusion``: a scalar in a flow that is given."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from gno.cli.options import Conditions, Debug, Every, Fields, Json, MeshFile, Quiet, Set, Steps, Until
from gno.cli.output import Output

if TYPE_CHECKING:
    from torch import Tensor

    from gno.cli.scalar import ScalarProblem
    from gno.cli.series import Series


def advection_diffusion(
    mesh: MeshFile,
    out: Fields,
    set_: Set = None,
    bc: Conditions = None,
    until: Until = None,
    steps: Steps = None,
    every: Every = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """A scalar in a flow, du/dt + div(v u) - div(D grad u) + c u = f: steady, or in time with --time.

    --set velocity=VX,VY and --set diffusivity=D are needed; --set source=F, reaction=C and initial=U are not.

    Each may be the name of a field; without --set the fields of these names are taken.

    --set scheme=limited is the default; others are upwind, linear-upwind and central.

    On the boundary u is 0, or what --bc says, in the kinds of darcy: --bc inlet=dirichlet:1 --bc '*=neumann'.

    In time OUT_0000.vtu, OUT_0001.vtu, ... are written, and OUT.pvd, which ParaView opens.
    """
    from gno.cli.conditions import SCALAR, conditions
    from gno.cli.places import check_file
    from gno.cli.scalar import ScalarProblem
    from gno.cli.series import Series, instants
    from gno.cli.settings import settings
    from gno.errors import ConfigError, within_memory_of
    from gno.mesh import load

    output = Output(as_json=as_json, quiet=quiet)
    given, boundary = settings(set_, example="velocity=1,0"), conditions(bc, SCALAR)
    times, every = instants(until, steps, every), every or 1
    if times is None:
        check_file(out, (".vtu", ".msh"), inputs=[mesh])
        if "initial" in given:
            raise ConfigError("--set initial is of no use", why="no --time is given", fix="--time 1 --steps 100")
    else:
        Series(out).check(times, every, inputs=[mesh])
    domain = load(mesh)
    with within_memory_of("a solve", domain.num_cells, of="cells"):
        problem = ScalarProblem(domain, given, boundary)
        if times is None:
            _steady(output, problem, out)
        else:
            _in_time(output, problem, Series(out), times, every)


def _steady(output: Output, problem: ScalarProblem, out: Path) -> None:
    from gno.cli.outcome import ends, tell_flux, tell_report
    from gno.cli.prediction import write_with_picture
    from gno.report.convergence import residual_picture

    begun = time.perf_counter()
    field = problem.steady()
    seconds = time.perf_counter() - begun
    report = field.report
    picture = write_with_picture(problem.with_field(field.u), {"u": "1"}, out, title="steady state")
    history = residual_picture(report.history, out.with_name(f"{out.stem}_residual.png"), title="relative residual")
    flux, about = tell_flux(output, field.flux), tell_report(output, report, seconds)
    output.text(f"wrote {out}, {picture} and {history}")
    files = {"path": out, "picture": picture, "residual_picture": history}
    output.result({**about, "history": report.history, "flux": flux, "u": ends(field.u), "seconds": seconds, **files})


def _in_time(output: Output, problem: ScalarProblem, series: Series, times: list[float], every: int) -> None:
    from gno.errors import Interrupted
    from gno.report import fields_picture
    from gno.training.progress import Event

    rows, total, begun = list[list[float]](), len(times) - 1, time.perf_counter()
    with output.progress() as progress:

        def keep(_: int, at: float, u: Tensor) -> None:
            series.append(at, problem.with_field(u))
            rows.append([at, float(u.min()), float(u.max()), problem.integral(u)])

        def tell(step: int, at: float, _: Tensor) -> None:
            if progress is not None:
                progress(Event("steps", step, total, {"time": at}, milestone=True))

        try:
            last, reports = problem.march(times, every, keep, tell)
        except (KeyboardInterrupt, Interrupted) as stop:
            raise series.stopped(stop) from None
    seconds = time.perf_counter() - begun
    place, title = series.path.with_suffix(".png"), f"time {times[-1]:.4g}"
    picture = fields_picture(problem.with_field(last), {"u": "1"}, place, title=title)
    output.table(["time", "min", "max", "integral"], rows)
    iterations, residual = sum(r.iterations for r in reports), max(r.residual for r in reports)
    output.text(f"{total} steps, {iterations} iterations, residual {residual:.2g} at most, {seconds:.3g} s")
    output.text(f"wrote {len(rows)} states, {series.collection} and {picture}")
    about = {"converged": all(r.converged for r in reports), "iterations": iterations, "residual": residual}
    columns = dict(zip(("times", "min", "max", "integral"), zip(*rows)))
    files = {"paths": list(series.times), "collection": series.collection, "picture": picture}
    output.result({**about, "steps": total, **columns, "seconds": seconds, **files})
