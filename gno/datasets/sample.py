"""One sample of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gno.errors import DataError
from gno.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Sample:
    """A mesh with its fields, and the numbers of the sample as a whole; of a dataset in time, a trajectory.

    Args:
        mesh: the mesh, with ``point_data`` and ``cell_data``: all fields, or those that stand still in time.
        params: parameter to value.
        index: number of the sample in the file.
        time: instants ``(instants,)`` of a trajectory, or of the window of it that was read; ``None`` without time.
        point_series: transient field to values ``(instants, nodes)`` or ``(instants, nodes, k)``.
        cell_series: transient field to values ``(instants, cells)`` or ``(instants, cells, k)``.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> sample = Sample(mesh, {}, 0, np.array([0.0, 0.5]), {"u": np.arange(6.0).reshape(2, 3)})
        >>> sample.num_instants, sample.at(-1).point_data["u"]
        (2, array([3., 4., 5.]))
    """

    mesh: Mesh
    params: dict[str, float]
    index: int
    time: np.ndarray | None = None
    point_series: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_series: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def num_instants(self) -> int:
        """Instants that were read; one of a sample without time."""
        return 1 if self.time is None else len(self.time)

    def at(self, instant: int) -> Mesh:
        """The mesh with all fields at one instant.

        Args:
            instant: its number among those that were read; negative ones count from the end.

        Raises:
            DataError: there is no such instant.
        """
        if not -self.num_instants <= instant < self.num_instants:
            raise DataError(f"instant {instant} is asked for", why=f"the sample has {self.num_instants}")
        return self.mesh.with_data(
            {**self.mesh.point_data, **{name: values[instant] for name, values in self.point_series.items()}},
            {**self.mesh.cell_data, **{name: values[instant] for name, values in self.cell_series.items()}},
        )
