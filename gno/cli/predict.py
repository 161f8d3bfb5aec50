"""``gno predict``: fields on a mesh that the model has never seen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gno.cli.exits import is_first_process
from gno.cli.options import Debug, Device, Json, MeshFile, ModelFile, Quiet, Set
from gno.cli.output import Output

if TYPE_CHECKING:
    import torch

    from gno.mesh import Mesh
    from gno.models import Operator, Propagator


def predict(
    model: ModelFile,
    mesh: MeshFile,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.vtu", help="Fields; a picture lies beside it.")],
    set_: Set = None,
    fields: Annotated[
        Path | None, typer.Option("--input", metavar="FIELDS", help="Mesh file whose fields are the inputs.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", min=1, help="Steps of a model in time: a file each.")
    ] = None,
    step: Annotated[
        float | None, typer.Option("--step", metavar="DT", help="Length of a step; the shortest of the training.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse inputs outside the training ranges.")] = False,
    polish: Annotated[
        float | None,
        typer.Option("--polish", metavar="STEPS|TOL", help="Steps of the plain solver from it, or to which residual."),
    ] = None,
    band: Annotated[
        float | None, typer.Option("--band", metavar="LEVEL", help="Level of the error bands; 0.9 where it is known.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Predict the fields of a mesh, with the residual of the PDE and the distance from training.

    An input field comes from --set (a number, or the name of a field), from --input, or from the mesh file itself.
    With a model in time, OUT.vtu stands for OUT_0000.vtu, OUT_0001.vtu and so on, and OUT.pvd.
    """
    from gno.cli.fields import with_inputs
    from gno.cli.places import check_file
    from gno.cli.settings import settings
    from gno.errors import ConfigError
    from gno.mesh import load
    from gno.models import Operator
    from gno.models.saved import load as load_model
    from gno.training.environment import as_device

    output, where = Output(as_json=as_json, quiet=quiet or not is_first_process()), as_device(device)
    given, taken = settings(set_, example="permeability=1"), [p for p in (model, mesh, fields) if p]
    check_file(out, (".vtu", ".msh"), inputs=taken)
    operator = load_model(model).to(where).eval()
    if not isinstance(operator, Operator):
        _check_steps(steps, out, taken, polish=polish, band=band)
        inputs = with_inputs(load(mesh), [channel.spec for channel in operator.needed], given, fields)
        _predict_steps(output, operator, inputs, out, int(steps or 1), step, strict=strict)
        return
    if steps is not None or step is not None:
        raise ConfigError(f"--steps with {model}", why="the model knows no time", fix="leave --steps and --step out")
    inputs = with_inputs(load(mesh), [channel.spec for channel in operator.inputs], given, fields)
    _predict_once(output, operator, inputs, out, where, strict=strict, polish=polish, band=band)


def _predict_once(
    output: Output,
    operator: Operator,
    inputs: Mesh,
    out: Path,
    where: torch.device,
    *,
    strict: bool,
    polish: float | None,
    band: float | None,
) -> None:
    from gno.cli.prediction import polished, promised, residual, summary, write
    from gno.training.processes import joined

    warnings = [] if strict else operator.outside(inputs)
    for warning in warnings if is_first_process() else ():
        output.warn(warning)
    begun = time.perf_counter()
    with joined(where) as processes:
        predicted = operator.predict(inputs, strict=strict, together=not processes.is_alone, band=band)
    if not is_first_process():
        return
    seconds = time.perf_counter() - begun
    predicted, relative, remark = residual(operator, predicted)
    if remark:
        output.note(remark)
    about: dict[str, Any] = {"seconds": seconds, "relative_residual": relative} | _corrected(output, predicted)
    about |= promised(operator, band)
    if polish is not None:
        better = polished(operator, predicted, polish)
        predicted, about["polish"] = better.mesh, better.numbers()
        about["bands"] = {}
    picture = write(operator, predicted, out)
    _print(output, summary(operator, predicted), {"path": out, "picture": picture, **about}, warnings)


def _corrected(output: Output, mesh: Mesh) -> dict[str, bool]:
    """Whether the correction of a coarse solution was kept, where that is what the model does."""
    if "is_corrected" not in mesh.point_data:
        return {}
    kept = bool(mesh.point_data["is_corrected"].max() > 0)
    if not kept:
        output.warn("by the equations of the mesh, the correction does harm: the fields are those of the coarse solver")
    return {"is_corrected": kept}


def _check_steps(steps: int | None, out: Path, inputs: list[Path], *, polish: float | None, band: float | None) -> None:
    from gno.cli.series import Series
    from gno.errors import ConfigError

    if steps is None:
        raise ConfigError("--steps is missing", why="the model predicts in time", fix="for example: --steps 10")
    if polish is not None:
        raise ConfigError("--polish with a model in time", why="the solver polishes a steady state", fix="leave it out")
    if band is not None:
        raise ConfigError("--band with a model in time", why="bands are of steady fields", fix="leave it out")
    Series(out).check([float(k) for k in range(steps + 1)], 1, inputs=inputs)


def _predict_steps(
    output: Output, propagator: Propagator, inputs: Mesh, out: Path, steps: int, step: float | None, *, strict: bool
) -> None:
    from gno.cli.predict_in_time import check_step, predict_steps
    from gno.models.operator.ranges import refuse_outside

    length = check_step(step, propagator)
    seen = propagator.with_step(inputs, length)
    if strict:
        refuse_outside(propagator.operator, seen)
    for line in propagator.operator.outside(seen):
        output.warn(line)
    predict_steps(output, propagator, inputs, out, steps, length)


def _print(output: Output, rows: list[dict[str, Any]], about: dict[str, Any], warnings: list[str]) -> None:
    output.table(list(rows[0]), [list(row.values()) for row in rows])
    if about["relative_residual"] is not None:
        output.text(f"relative residual of the prediction: {about['relative_residual']:.3g}")
    for name, b in about["bands"].items():
        at = f"{100 * b['level']:g} %"
        output.text(f"{name}: {at} of the volume within {name}_band; relative L2 error up to {b['bound']:.3g} in {at}")
    if "polish" in about:
        p = about["polish"]
        what = f"{p['iterations']} iterations, {p['iterations_from_start']} without the prediction: {p['saved']} saved"
        output.text(f"polished by {what}; residual {p['residual_before']:.3g} before, {p['residual_after']:.3g} after")
    output.text(f"{about['seconds']:.3g} s from the mesh to the fields\nwrote {about['path']} and {about['picture']}")
    output.result({**about, "fields": rows, "warnings": warnings})
