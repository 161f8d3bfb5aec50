"""``gno solve navier-stokes``: incompressible flow, steady or in time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gno.cli.options import Conditions, Debug, Every, Fields, Json, MeshFile, Quiet, Set, Steps, Until
from gno.cli.output import Output

if TYPE_CHECKING:
    from gno.cli.flow import FlowProblem
    from gno.cli.flow_in_time import FlowInTime
    from gno.cli.series import Series
    from gno.fv.incompressible.state import FlowReport
    from gno.mesh import Mesh

Force = Annotated[
    list[str] | None, typer.Option("--force", metavar="PATCH", help="Report drag and lift of a patch; repeatable.")
]
ScalarConditions = Annotated[
    list[str] | None,
    typer.Option("--scalar-bc", metavar="PATCH=KIND[:VALUE]", help="What holds on a patch for the scalar."),
]
RESUME = "--set initial=velocity"
RESUME_BOTH = f"{RESUME} --set scalar_initial=scalar"


def navier_stokes(
    mesh: MeshFile,
    out: Fields,
    set_: Set = None,
    bc: Conditions = None,
    scalar_bc: ScalarConditions = None,
    force: Force = None,
    until: Until = None,
    steps: Steps = None,
    every: Every = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Incompressible flow: steady, or in time with --time.

    --set viscosity=NU (kinematic) is needed; --set body_force=FX,FY (per mass) and --set density=RHO are not.

    Walls are where --bc says nothing else: --bc inlet=inlet:1 --bc outlet=pressure:0 --bc lid=noslip:1,0. Kinds:
    noslip[:VELOCITY], inlet:SPEED, parabola:PEAK, velocity:VX,VY, pressure:VALUE, slip, symmetry, periodic:PATCH.

    Drag and lift of --force PATCH refer to --set speed=U, --set length=L and --set direction=1,0.

    A scalar goes with the flow where --set scalar_diffusivity=D is given, and perhaps --set scalar_source=F; on the
    boundary nothing diffuses, or what --scalar-bc says, in the kinds of darcy: --scalar-bc inlet=dirichlet:1.

    Steady: --set blending=SHARE (of upwinding, 0 to 1) helps on coarse meshes.

    In time: --set initial=VX,VY (or the name of a field) and --set scalar_initial=U; rest and 0 without. OUT_0000.vtu,
    OUT_0001.vtu, ... are written, OUT.pvd, which ParaView opens, and OUT_forces.csv.
    """
    from gno.cli.flow import FlowProblem
    from gno.cli.flow_in_time import FlowInTime
    from gno.cli.places import check_file
    from gno.cli.series import Series, instants
    from gno.cli.settings import settings
    from gno.errors import within_memory_of
    from gno.mesh import load

    output = Output(as_json=as_json, quiet=quiet)
    given = settings(set_, example="viscosity=0.01")
    times, every = instants(until, steps, every), every or 1
    series = Series(out)
    if times is None:
        check_file(out, (".vtu", ".msh"), inputs=[mesh])
    else:
        series.check(times, every, inputs=[mesh])
    domain = load(mesh)
    with within_memory_of("a solve", domain.num_cells, of="cells"):
        problem = FlowProblem(domain, given, bc, patches=force, scalar_words=scalar_bc)
        if times is None:
            _steady(output, problem, out)
        else:
            _in_time(output, problem, FlowInTime(problem, times), series, every)


def _steady(output: Output, problem: FlowProblem, out: Path) -> None:
    from gno.cli.outcome import ends, tell_flux, tell_report
    from gno.cli.prediction import write_with_picture
    from gno.report.convergence import residual_picture

    begun = time.perf_counter()
    solved, flow, drag, scalar = problem.steady(
        lambda step, residual: output.note(f"step {step}: residual {residual:.2e}")
    )
    seconds, report = time.perf_counter() - begun, flow.report
    picture = write_with_picture(solved, problem.shown(), out, title="steady incompressible flow")
    history = residual_picture(
        report.history, out.with_name(f"{out.stem}_residual.png"), title="residual, relative to the start"
    )
    if drag:
        output.table(["patch", "cd", "cl"], [[name, row["cd"], row["cl"]] for name, row in drag.items()])
    carried = {}
    if scalar is not None:
        flux = tell_flux(output, scalar.flux, title="flux of the scalar out")
        carried = {"scalar": {**ends(scalar.u), "flux": flux}}
    about = tell_report(output, report, seconds)
    output.text(f"wrote {out}, {picture} and {history}")
    files = {"path": out, "picture": picture, "residual_picture": history}
    output.result({**about, "history": report.history, "forces": drag, **carried, "seconds": seconds, **files})


def _in_time(output: Output, problem: FlowProblem, run: FlowInTime, series: Series, every: int) -> None:
    from gno.errors import Interrupted
    from gno.report import fields_picture
    from gno.training.progress import Event

    rows, states = list[list[float]](), list["Mesh"]()
    total, begun = len(run.times) - 1, time.perf_counter()
    with output.progress() as progress:

        def keep(at: float, state: Mesh) -> None:
            series.append(at, state)
            states[:] = [state]
            rows.append([at, float(state.cell_data["speed"].max()), *run.extremes(state)])

        def tell(step: int, at: float, report: FlowReport) -> None:
            if progress is not None:
                progress(Event("steps", step, total, {"time": at, "courant": report.courant}, milestone=True))

        try:
            run.march(every, keep, tell)
        except (KeyboardInterrupt, Interrupted) as stop:
            raise series.stopped(stop, resume=RESUME if problem.scalar is None else RESUME_BOTH) from None
        finally:
            forces = _write_forces(run, series.path)
    seconds, report = time.perf_counter() - begun, run.report
    place, title = series.path.with_suffix(".png"), f"incompressible flow at time {run.times[-1]:.4g}"
    picture = fields_picture(states[-1], problem.shown(), place, title=title)
    header = ["time", "speed_max"] + ([] if problem.scalar is None else ["scalar_min", "scalar_max"])
    output.table(header, rows)
    drag = run.forces()
    if drag:
        output.table(["patch", *next(iter(drag.values()))], [[name, *row.values()] for name, row in drag.items()])
    output.text(
        f"{total} steps, Courant number {report.courant:.3g} at most, imbalance {report.imbalance:.2g}, {seconds:.3g} s"
    )
    named = ", ".join(str(path) for path in (series.collection, *forces.values(), picture))
    output.text(f"wrote {len(rows)} states, {named}")
    about = {"converged": True, "steps": report.steps, "courant": report.courant, "imbalance": report.imbalance}
    files = {"paths": list(series.times), "collection": series.collection, "picture": picture, **forces}
    columns = dict(zip(["times", *header[1:]], zip(*rows)))
    output.result({**about, "dt": run.flow.dt, **columns, "forces": drag, "seconds": seconds, **files})


def _write_forces(run: FlowInTime, out: Path) -> dict[str, Any]:
    """The forces so far, as a table and a picture."""
    from gno.files import write_text
    from gno.report.force_picture import force_picture

    history = run.history
    if not history.patches or not history.times:
        return {}
    table, picture = (out.with_name(f"{out.stem}_forces{suffix}") for suffix in (".csv", ".png"))
    write_text(table, history.csv())
    force_picture(history.times, {patch: history.of(patch) for patch in history.patches}, picture)
    return {"forces_table": table, "forces_picture": picture}
