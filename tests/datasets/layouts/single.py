"""One sample of a file, and the node of it at a point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gno.datasets import Options, Series, open_layout


def first(path: Path, number: int = 0, **options: Any) -> Series:
    with open_layout(path, options=Options(**options)) as dataset:
        return dataset[number]


def at(series: Series, *point: float) -> int:
    """The node at a point."""
    near = np.flatnonzero(np.linalg.norm(series.mesh.points - point, axis=1) < 1e-6)
    assert len(near) == 1
    return int(near[0])
