"""``gno verify``: whether a model gives the same field on other meshes of the same domain."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gno.cli.options import Debug, Device, Json, ModelFile, Quiet, Set
from gno.cli.output import Output

if TYPE_CHECKING:
    from gno.mesh import Mesh
    from gno.models import Operator
    from gno.testing import Verification


def verify(
    model: ModelFile,
    source: Annotated[Path, typer.Argument(metavar="MESH|FILE.h5", help="A mesh with inputs, or a dataset.")],
    set_: Set = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="Which samples of a dataset.")] = "test",
    number: Annotated[int, typer.Option("-n", "--number", metavar="N", min=1, help="Samples of a dataset.")] = 8,
    tolerance: Annotated[
        float, typer.Option(metavar="T", help="Relative change in L2 that another mesh may make.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the other meshes.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Predict on the mesh renumbered, moved, coarser, meshed anew and finer, and say by how much the fields change.

    With a larger change than the tolerance it ends with exit code 4: the model is not to be trusted on other meshes.
    """
    from gno.errors import ConfigError, ModelError
    from gno.models import Operator
    from gno.models.saved import load as load_model
    from gno.testing import verify as compare
    from gno.training.environment import as_device

    output = Output(as_json=as_json, quiet=quiet)
    operator = load_model(model).to(as_device(device)).eval()
    if not isinstance(operator, Operator):
        raise ConfigError(f"the model of {model} predicts in time", why="steady models are verified")
    found = compare(
        lambda mesh: operator.predict(mesh).point_data,
        _samples(operator, source, set_, split, number),
        [channel.spec.name for channel in operator.targets],
        tolerance=tolerance,
        exact=_symmetries(operator),
        seed=seed,
    )
    _print(output, found)
    if found.failed:
        worst = max(found.failed, key=lambda change: change.change / change.allowed)
        raise output.fail(
            ModelError(
                f"{model} fails {len(found.failed)} of {len(found.changes)} comparisons",
                why=f"{worst.name}: the fields change by {worst.change:.3g}, allowed are {worst.allowed:.3g}",
                fix="train on meshes of several sizes, or allow more: --tolerance",
            )
        )


def _samples(operator: Operator, source: Path, words: list[str] | None, split: str, number: int) -> Iterator[Mesh]:
    """The samples of a dataset, or the one that is a mesh."""
    from gno.cli.check import is_dataset
    from gno.cli.fields import with_inputs
    from gno.cli.settings import settings
    from gno.datasets import MeshDataset
    from gno.mesh import load

    if is_dataset(source):
        with MeshDataset(source, split, params=operator.params) as dataset:
            yield from (sample.mesh for sample in itertools.islice(dataset, number))
        return
    given = settings(words, example="permeability=1")
    yield with_inputs(load(source), [channel.spec for channel in operator.inputs], given, None)


def _symmetries(operator: Operator) -> list[str]:
    """What may change nothing but rounding: a model that sees where it is may give another field elsewhere."""
    from gno.models import CFDGCN
    from gno.testing.variations import RENUMBERED, SHIFTED

    bound = "coordinates" in operator.geometry.features or any(operator.geometry.period)
    return [RENUMBERED] if bound or isinstance(operator.network, CFDGCN) else [RENUMBERED, SHIFTED]


def _print(output: Output, found: Verification) -> None:
    rows = [[c.name, round(c.nodes), c.change, c.allowed, c.error, "yes" if c.holds else "NO"] for c in found.changes]
    output.table(["mesh", "nodes", "change", "allowed", "error", "holds"], rows)
    if found.error is not None:
        output.text(f"relative L2 error on the own meshes: {found.error:.3g}")
    if found.order is not None:
        output.text(f"observed order of the change as edges are halved twice: {found.order:.2f}")
    output.result(found.to_dict() | {"ok": not found.failed})
