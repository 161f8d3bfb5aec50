"""Patches of the boundary: their outer faces, and the one condition that holds on each."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import TypeVar

import numpy as np

from gno.errors import ConfigError
from gno.mesh import Mesh, faces, patch_faces

REST = "*"
"""Name that stands for all outer faces whose patch is not named."""
_Condition = TypeVar("_Condition")


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


def by_patch(
    patches: Mapping[str, Sized], boundary: Mapping[str, _Condition]
) -> dict[str, _Condition]:
    """The condition of each patch.

    Args:
        patches: name to faces; ``*`` for those of no patch.
        boundary: patch to condition; ``*`` holds on every patch that is not named, and on outer faces of no patch.

    Raises:
        ConfigError: an unknown patch, which names those there are, or a patch without condition.

    Example:
        >>> by_patch({"lid": np.arange(2), "wall": np.arange(3)}, {"lid": 1.0, "*": 0.0})
        {'lid': 1.0, 'wall': 0.0}
    """
    for name in boundary:
        if name != REST:
            check_patch(name, patches)
    for name, rows in patches.items():
        if name not in boundary and REST not in boundary:
            raise ConfigError(
                f"{len(rows)} outer faces are in no patch" if name == REST else f"patch {name!r} has no condition",
                why="the solution depends on what holds on every outer face",
                fix="give one, or '*' for all patches that are not named",
            )
    return {name: boundary[name] if name in boundary else boundary[REST] for name in patches}
