"""Files of airfoil coordinates, as Selig and as Lednicer lay them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gno.errors import ConfigError, MeshError
from gno.mesh.shapes.airfoil import Airfoil
from gno.mesh.shapes.outline import Points

_COMMENTS = ("#", "%", "!", "//")
_FIX = "mend this line, or write a comment as # ..."

Row = tuple[int, tuple[float, float]]
"""Number of a line, and the coordinates on it."""


def load_airfoil(path: str | Path) -> Airfoil:
    """Airfoil of a coordinate file; the layout is found out.

    Selig's layout is a name and points from the trailing edge along the upper side, around the leading edge and back
    along the lower side. Lednicer's has the numbers of points of both sides below the name, then the upper and the
    lower side, each from the leading edge. Blank lines and comments (``#``, ``%``, ``!``, ``//``) are skipped,
    columns are parted by blanks, tabs or commas, and a point that stands twice in a row counts once.

    Args:
        path: the file.

    Raises:
        MeshError: no such file, a line that is no point, by its number, or points that are no airfoil.

    Example:
        >>> load_airfoil("clarky.dat")
        Traceback (most recent call last):
        gno.errors.MeshError: no such file: clarky.dat; ...
    """
    from gno.mesh.formats.source import read_text

    path = Path(path)
    name, rows = _rows(path, read_text(path))
    points = np.array([point for _, point in rows]).reshape(-1, 2)
    if len(points) and (points[0] == np.floor(points[0])).all() and (points[0] >= 2).all():
        points = _lednicer(path, points[1:], *(int(n) for n in points[0]), line=rows[0][0])
    new = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > 0])[: len(points)]
    try:
        return Airfoil(name or path.stem, points[new])
    except ConfigError as error:
        raise MeshError(f"{path}: {error.what}", why=error.why, fix=error.fix) from error


def _rows(path: Path, text: str) -> tuple[str, list[Row]]:
    """The name above the points, and the points with the numbers of their lines."""
    name, rows = "", []
    for number, line in enumerate(text.splitlines(), 1):
        for mark in _COMMENTS:
            line = line.partition(mark)[0]
        words = line.replace(",", " ").split()
        if not words:
            continue
        point = _point(words)
        if point is not None:
            rows.append((number, point))
        elif not rows and not name:
            name = line.strip()
        else:
            raise MeshError(
                f"{path}, line {number}: found {line.strip()[:60]!r}", why="each point is two finite numbers", fix=_FIX
            )
    return name, rows


def _point(words: list[str]) -> tuple[float, float] | None:
    try:
        x, y = (float(word) for word in words)
    except ValueError:
        return None
    return (x, y) if np.isfinite([x, y]).all() else None


def _lednicer(path: Path, points: Points, num_upper: int, num_lower: int, *, line: int) -> Points:
    """Both sides, from the leading edge, as one outline from the trailing edge."""
    if num_upper + num_lower != len(points):
        raise MeshError(
            f"{path}, line {line}: {num_upper} and {num_lower} points are declared, {len(points)} follow",
            why="in Lednicer's layout the numbers of points of both sides stand above them",
            fix="correct the numbers, or remove this line where the layout is Selig's",
        )
    upper, lower = points[:num_upper], points[num_upper:]
    return np.concatenate([upper[::-1], lower])
