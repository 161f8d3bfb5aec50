"""One sample of a dataset."""

from __future__ import annotations

from dataclasses import dataclass

from gno.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Sample:
    """A mesh with its fields, and the numbers of the sample as a whole.

    Args:
        mesh: the mesh, with ``point_data`` and ``cell_data``.
        params: parameter to value.
        index: number of the sample in the file.
    """

    mesh: Mesh
    params: dict[str, float]
    index: int
