"""``gno generate``: datasets made by our own solvers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gno.cli.options import Debug, Json, Quiet, Set
from gno.cli.output import Output


def generate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The problem: darcy.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.h5", help="The dataset to write.")],
    number: Annotated[int, typer.Option("-n", "--number", metavar="N", min=1, help="Samples.")],
    set_: Set = None,
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="Seed of all random numbers.")] = 0,
    workers: Annotated[int, typer.Option(metavar="W", min=1, help="Processes.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Make a dataset of a problem with random inputs, solved by finite volumes.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from gno.cli.places import check_file
    from gno.cli.settings import settings
    from gno.errors import ConfigError
    from gno.problems import generate as make
    from gno.problems import problem_named

    options = settings(set_, example="nodes=200")
    problem = problem_named(name, options | ({} if "seed" in options else {"seed": seed}))
    check_file(out, ())
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists already", why="it would be replaced", fix="give another name, or --overwrite")
    output = Output(as_json=as_json, quiet=quiet)
    with output.progress() as tell:
        make(problem, out, number, workers=workers, progress=tell and as_event(tell), overwrite=overwrite)
    print_dataset(output, out)


def as_event(tell: Any) -> Any:
    """Progress by numbers of samples, for who is told of events."""
    from gno.training.progress import Event

    return lambda done, total: tell(Event("samples", done, total, milestone=True))


def print_dataset(output: Output, path: Path) -> None:
    """Print what is in a dataset that was just made.

    Args:
        output: where to.
        path: the dataset.
    """
    from gno.datasets import MeshDataset

    with MeshDataset(path) as dataset:
        points = [int(n) for n in _counts(dataset.tables.meshes.points)]
        splits = {split: len(rows) for split, rows in dataset.splits.items()}
        fields = [
            {"name": spec.name, "role": spec.role, "at": spec.location, "units": spec.units}
            | {key: getattr(dataset.statistics[spec.name], key) for key in ("mean", "std", "min", "max")}
            for spec in dataset.fields
        ]
        about = {"samples": len(dataset), "meshes": dataset.num_meshes, "nodes": [min(points), max(points)]}
    output.text(
        f"{path}: {about['samples']} samples on {about['meshes']} meshes of {min(points)} to {max(points)} nodes; "
        + ", ".join(f"{split} {count}" for split, count in splits.items())
    )
    output.table(list(fields[0]), [[_first(value) for value in field.values()] for field in fields])
    output.result({"path": str(path), **about, "splits": splits, "fields": fields})


def _counts(offsets: Any) -> Any:
    return offsets[1:] - offsets[:-1]


def _first(value: Any) -> Any:
    """Of a vector field's statistics one number is shown where there is one, else all."""
    if isinstance(value, str):
        return value
    return float(value[0]) if len(value) == 1 else ", ".join(f"{v:.4g}" for v in value)
