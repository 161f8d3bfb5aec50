"""``gno predict``: fields on a mesh that the model has never seen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gno.cli.options import Debug, Device, Json, MeshFile, ModelFile, Quiet, Set
from gno.cli.output import Output


def predict(
    model: ModelFile,
    mesh: MeshFile,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.vtu", help="Fields; a picture lies beside it.")],
    set_: Set = None,
    fields: Annotated[
        Path | None, typer.Option("--input", metavar="FIELDS", help="Mesh file whose fields are the inputs.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse inputs outside the training ranges.")] = False,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Predict the fields of a mesh, with the residual of the PDE and the distance from training.

    An input field comes from --set (a number, or the name of a field), from --input, or from the mesh file itself.
    """
    from gno.cli.fields import with_inputs
    from gno.cli.places import check_file
    from gno.cli.prediction import outside, residual, summary, write
    from gno.cli.settings import settings
    from gno.errors import DataError
    from gno.mesh import load
    from gno.models import Operator
    from gno.training.environment import as_device

    output, where = Output(as_json=as_json, quiet=quiet), as_device(device)
    given = settings(set_, example="permeability=1")
    check_file(out, (".vtu", ".msh"), inputs=[p for p in (model, mesh, fields) if p])
    operator = Operator.load(model).to(where).eval()
    inputs = with_inputs(load(mesh), [channel.spec for channel in operator.inputs], given, fields)
    warnings = outside(operator, inputs)
    if warnings and strict:
        raise DataError(warnings[0], why="--strict refuses inputs unlike those of training", fix="leave --strict out")
    for warning in warnings:
        output.warn(warning)
    begun = time.perf_counter()
    predicted = operator.predict(inputs)
    seconds = time.perf_counter() - begun
    predicted, remark = residual(operator, predicted)
    if remark:
        output.note(remark)
    picture = write(operator, predicted, out)
    _print(output, summary(operator, predicted), {"path": out, "picture": picture, "seconds": seconds}, warnings)


def _print(output: Output, rows: list[dict[str, Any]], about: dict[str, Any], warnings: list[str]) -> None:
    output.table(list(rows[0]), [list(row.values()) for row in rows])
    output.text(f"{about['seconds']:.3g} s from the mesh to the fields\nwrote {about['path']} and {about['picture']}")
    output.result({**about, "fields": rows, "warnings": warnings})
