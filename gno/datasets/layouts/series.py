"""One sample of somebody else's file: a mesh with fields, steady or over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from gno.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Series:
    """A mesh with fields at one or many instants.

    Args:
        mesh: the mesh, with the fields that do not change in time in ``point_data`` and ``cell_data``.
        params: numbers of the sample as a whole.
        times: instants ``(times,)``; ``None`` for a steady sample.
        point_series: name to values ``(times, nodes)`` or ``(times, nodes, k)``.
        cell_series: name to values ``(times, cells)`` or ``(times, cells, k)``.
        split: ``train``, ``valid`` or ``test``, where the file says so.
    """

    mesh: Mesh
    params: Mapping[str, float] = field(default_factory=dict)
    times: np.ndarray | None = None
    point_series: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_series: Mapping[str, np.ndarray] = field(default_factory=dict)
    split: str | None = None


def instants(series: Series, trajectory: int) -> Iterator[tuple[Mesh, dict[str, float]]]:
    """The samples of which a dataset without an axis of time is made: one for each instant.

    This is the only place that knows that the file of a dataset has no axis of time.

    Args:
        series: the sample.
        trajectory: its number, which becomes a parameter of each instant, as does its time.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> moving = Series(mesh, times=np.array([0.0, 0.5]), point_series={"u": np.arange(6.0).reshape(2, 3)})
        >>> [(m.point_data["u"].tolist(), params) for m, params in instants(moving, 7)][1]
        ([3.0, 4.0, 5.0], {'time': 0.5, 'trajectory': 7.0})
    """
    if series.times is None:
        yield series.mesh, dict(series.params)
        return
    for i, time in enumerate(series.times):
        mesh = series.mesh.with_data(
            {**series.mesh.point_data, **{name: values[i] for name, values in series.point_series.items()}},
            {**series.mesh.cell_data, **{name: values[i] for name, values in series.cell_series.items()}},
        )
        yield mesh, {**series.params, "time": float(time), "trajectory": float(trajectory)}
