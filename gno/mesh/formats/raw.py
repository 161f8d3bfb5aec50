"""What a reader found in a file, before any check."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class RawMesh:
    """Points, blocks of cells, boundary and fields as they stand in a file.

    Args:
        points: coordinates ``(nodes, 2 or 3)``.
        blocks: cell type and node numbers ``(n, corners)``, in the order of the file; all dimensions together.
        patches: boundary name to arrays of facets, each with one number of corners.
        point_data: name to values ``(nodes, ...)``.
        cell_data: name to values for each block.
    """

    points: np.ndarray
    blocks: list[tuple[str, np.ndarray]]
    patches: dict[str, list[np.ndarray]] = field(default_factory=dict)
    point_data: dict[str, np.ndarray] = field(default_factory=dict)
    cell_data: dict[str, list[np.ndarray]] = field(default_factory=dict)
