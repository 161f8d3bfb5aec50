"""Patches of the boundary: names of outer faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gno.errors import ConfigError
from gno.mesh import Mesh, faces, patch_faces

REST = "*"
"""Name that stands for all outer faces whose patch is not named."""


def patch_rows(mesh: Mesh) -> dict[str, np.ndarray]:
    """Rows of each patch among the outer faces; ``*`` holds the faces that no named patch has, if there are any.

    Args:
        mesh: any mesh.

    Raises:
        ConfigError: a face that two patches claim.
        MeshError: a patch with facets that are no outer faces.

    Example:
        >>> points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
        >>> patch_rows(Mesh(points, cells, {"bottom": np.array([[0, 1]])}))
        {'bottom': array([0]), '*': array([1, 2])}
    """
    number = np.flatnonzero(faces(mesh).neighbor < 0)
    patches = {name: np.searchsorted(number, rows) for name, rows in patch_faces(mesh).items() if len(rows)}
    count = np.bincount(np.concatenate([np.zeros(0, dtype=int), *patches.values()]), minlength=len(number))
    if (count > 1).any():
        row = int(np.argmax(count > 1))
        owners = [name for name, rows in patches.items() if row in rows]
        raise ConfigError(
            f"outer face {row} is in {len(owners)} patches: {', '.join(owners)}",
            why="one condition holds on a face",
            fix="name each facet of the boundary once",
        )
    if (count == 0).any():
        patches[REST] = np.flatnonzero(count == 0)
    return patches


def check_patch(name: str, patches: Mapping[str, object]) -> None:
    """Refuse a name that no patch has.

    Args:
        name: the name.
        patches: what is there, by name.

    Raises:
        ConfigError: the names that are there.

    Example:
        >>> check_patch("lid", {"lid": None, "wall": None})
    """
    if name in patches and name != REST:
        return
    have = ", ".join(known for known in patches if known != REST)
    raise ConfigError(
        f"patch {name!r} is not in the mesh",
        why=f"it has: {have}" if have else "its boundary has no names",
        fix="name one of them" if have else "give '*' for the whole boundary",
    )
