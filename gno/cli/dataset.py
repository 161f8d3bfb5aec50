"""What the commands that make a dataset have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gno.cli.output import Output
from gno.cli.places import check_file
from gno.errors import ConfigError


def check_dataset(out: Path, *, overwrite: bool, inputs: Sequence[Path] = ()) -> None:
    """Refuse a dataset that cannot be written, or would replace one.

    Args:
        out: the file to be.
        overwrite: whether a finished one may be replaced.
        inputs: files that must not be replaced.

    Raises:
        ConfigError: one of the inputs, or a file that is there already.
        ResourceError: no such folder, or no right to write there.
    """
    check_file(out, (), inputs=inputs)
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists already", why="it would be replaced", fix="give another name, or --overwrite")


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
        if dataset.in_time:
            about["instants"] = [int(dataset.num_instants.min()), int(dataset.num_instants.max())]
    output.text(
        f"{path}: {_samples(about)} on {about['meshes']} meshes of {min(points)} to {max(points)} nodes; "
        + ", ".join(f"{split} {count}" for split, count in splits.items())
    )
    output.table(list(fields[0]), [[_first(value) for value in field.values()] for field in fields])
    output.result({"path": str(path), **about, "splits": splits, "fields": fields})


def _samples(about: dict[str, Any]) -> str:
    if "instants" not in about:
        return f"{about['samples']} samples"
    return f"{about['samples']} trajectories of {' to '.join(map(str, sorted(set(about['instants']))))} instants"


def _counts(offsets: Any) -> Any:
    return offsets[1:] - offsets[:-1]


def _first(value: Any) -> Any:
    """Of a vector field's statistics one number is shown where there is one, else all."""
    if isinstance(value, str):
        return value
    return float(value[0]) if len(value) == 1 else ", ".join(f"{v:.4g}" for v in value)
