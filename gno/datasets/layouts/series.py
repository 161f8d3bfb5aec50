"""One sample of somebody else's file: a mesh with fields, steady or over time."""

from __future__ import annotations

from collections.abc import Mapping
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

    @property
    def transient(self) -> set[str]:
        """Names of the fields that have values at each instant.

        Example:
            >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
            >>> Series(mesh, times=np.array([0.0, 0.5]), point_series={"u": np.zeros((2, 3))}).transient
            {'u'}
        """
        return {*self.point_series, *self.cell_series}
