"""``gno check``: what is in a file, and what is wrong with it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gno.cli.options import Debug, Json, Quiet
from gno.cli.output import Output
from gno.errors import DataError, MeshError

if TYPE_CHECKING:
    from gno.models import Propagator

MODELS = (".safetensors", ".pt", ".pth", ".pkl", ".ckpt")
DATASETS = (".h5", ".hdf5", ".hdf", ".vtkhdf", ".part")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mesh, a dataset or a model.")],
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Say what a mesh, a dataset or a model holds, and what is wrong with it."""
    output = Output(as_json=as_json, quiet=quiet)
    if file.suffix.lower() in MODELS:
        _model(output, file)
    elif is_dataset(file):
        _dataset(output, file)
    else:
        _mesh(output, file)


def is_dataset(path: Path) -> bool:
    """Whether a file is a dataset, by its name or by how it begins.

    Args:
        path: the file.
    """
    if path.suffix.lower() in DATASETS:
        return True
    with contextlib.suppress(OSError), open(path, "rb") as file:  # whoever reads it next says what is wrong
        return file.read(8) == b"\x89HDF\r\n\x1a\n"
    return False


def _mesh(output: Output, path: Path) -> None:
    from gno.mesh import load, quality

    mesh = load(path)
    found = quality(mesh)
    fields = {"point_data": list(mesh.point_data), "cell_data": list(mesh.cell_data)}
    output.text(f"{path}: {mesh!r}")
    for place, names in fields.items():
        output.text(f"{place.replace('_', ' ')}: {', '.join(names) or 'none'}")
    output.text(f"\n{found}")
    output.result({"kind": "mesh", "path": str(path), **fields, **found.to_dict()})
    if not found.ok:
        first, number = found.problems[0], len(found.problems)
        raise output.fail(
            MeshError(
                f"{path} fails {number} check{'s' if number > 1 else ''}",
                why=first,
                fix="mend the mesh where it is made",
            )
        )


def _dataset(output: Output, path: Path) -> None:
    from gno.datasets import check as look

    found = look(path)
    output.text(str(found))
    output.result({"kind": "dataset", "ok": found.ok, **asdict(found)})
    if not found.ok:
        number = len(found.problems)
        raise output.fail(
            DataError(
                f"{path} fails {number} check{'s' if number > 1 else ''}",
                why=found.problems[0],
                fix="copy or make it again",
            )
        )


def _model(output: Output, path: Path) -> None:
    from gno.models import Operator
    from gno.models.saved import load as load_model
    from gno.report.bands import CALIBRATED, calibrated

    model = load_model(path)
    if isinstance(model, Operator):
        operator, inputs, targets, needed = model, model.inputs, model.targets, model.inputs
    else:
        operator, inputs, targets, needed = model.operator, model.still, model.states, model.needed
    weights = sum(p.numel() for p in operator.parameters())
    fields = [_channel(role, c) for role, part in (("input", inputs), ("target", targets)) for c in part]
    geometry, attributes = operator.geometry.to_dict(), dict(operator.attributes)
    network = type(operator.network).__name__
    output.text(f"{path}: {network} with {weights:,} weights, for {operator.geometry.dim}-D meshes")
    output.text(f"problem: {attributes.get('pde', 'not named')}; boundary: {operator.boundary}")
    in_time = {} if isinstance(model, Operator) else _in_time(output, model)
    output.table(list(fields[0]), [list(field.values()) for field in fields])
    output.table(["geometry", "value"], [[name, str(value)] for name, value in geometry.items()])
    if operator.bands:
        output.table(CALIBRATED, calibrated(operator.bands))
    needs = ", ".join(channel.spec.name for channel in needed)
    output.text(f"It needs of a mesh: {needs or 'no fields'}.")
    output.result(
        {"kind": "model", "ok": True, "path": str(path), "network": network, "weights": weights, "fields": fields}
        | {"geometry": geometry, "boundary": operator.boundary, "attributes": attributes, **in_time}
        | {"bands": {name: band.to_dict() for name, band in operator.bands.items()}}
    )


def _in_time(output: Output, model: Propagator) -> dict[str, Any]:
    """What a model in time says beside: its steps, and the patches whose values are given."""
    step, fixed = model.operator.inputs[-1], list(model.fixed)
    of_fields = f" ({', '.join(model.fixed_fields)})" if fixed and model.fixed_fields else ""
    output.text(
        f"in time: predicts the {model.predict_as} over steps of {step.low[0]:.4g} to {step.high[0]:.4g}; "
        f"given on: {', '.join(fixed) or 'no patch'}{of_fields}"
    )
    given = {"fixed": fixed, "fixed_fields": list(model.fixed_fields)}
    return {"predicts": model.predict_as, "steps": [step.low[0], step.high[0]], **given}


def _channel(role: str, channel: Any) -> dict[str, Any]:
    spec = channel.spec
    ends = {"training min": channel.low, "training max": channel.high}
    single = {name: end[0] if len(end) == 1 else str(list(end)) for name, end in ends.items()}
    role = "parameter" if channel.per_sample else role
    return {"field": spec.name, "role": role, "at": spec.location, "units": spec.units} | single
