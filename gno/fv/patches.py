"""Patches of the boundary: their outer faces, and the one condition that holds on each."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, TypeVar

import numpy as np

from gno.errors import ConfigError
from gno.fv.conditions import Periodic
from gno.mesh import Mesh, faces, patch_faces

REST = "*"
"""Name that stands for all outer faces whose patch is not named."""
Held = TypeVar("Held")


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


def partners(boundary: Mapping[str, Any]) -> dict[str, str]:
    """Patches that are to be joined: what ``FVMesh.of`` takes as ``periodic``.

    Args:
        boundary: patch to condition; either patch of a pair, or both, may have ``Periodic``.

    Raises:
        ConfigError: a patch whose partner has another condition.

    Example:
        >>> partners({"left": Periodic("right"), "right": Periodic("left"), "*": None})
        {'left': 'right'}
    """
    pairs = {name: held.partner for name, held in boundary.items() if isinstance(held, Periodic)}
    for name, other in pairs.items():
        if other in boundary and pairs.get(other) != name:
            raise ConfigError(
                f"patch {name!r} is periodic with {other!r}, which has another condition",
                why="what leaves through one comes in through the other",
                fix=f"give {other!r} no condition, or Periodic({name!r})",
            )
    return {name: other for number, (name, other) in enumerate(pairs.items()) if other not in list(pairs)[:number]}


def by_patch(
    patches: Mapping[str, Sized], boundary: Mapping[str, Held], *, joined: Mapping[str, str] | None = None
) -> dict[str, Held]:
    """The condition of each patch.

    Args:
        patches: name to faces; ``*`` for those of no patch.
        boundary: patch to condition; ``*`` holds on every patch that is not named, and on outer faces of no patch.
        joined: patches whose faces are outer ones no longer: ``periodic`` of an ``FVMesh``.

    Raises:
        ConfigError: an unknown patch, which names those there are, a patch without condition, or one that is periodic
            and not joined.

    Example:
        >>> by_patch({"lid": np.arange(2), "wall": np.arange(3)}, {"lid": 1.0, "*": 0.0})
        {'lid': 1.0, 'wall': 0.0}
    """
    gone = {name for pair in (joined or {}).items() for name in pair}
    boundary = {name: held for name, held in boundary.items() if name not in gone}
    for name in boundary:
        if name != REST:
            check_patch(name, patches)
    for name, rows in patches.items():
        held = boundary.get(name, boundary.get(REST))
        if held is None:
            raise ConfigError(
                f"{len(rows)} outer faces are in no patch" if name == REST else f"patch {name!r} has no condition",
                why="the solution depends on what holds on every outer face",
                fix="give one, or '*' for all patches that are not named",
            )
        if isinstance(held, Periodic):
            raise ConfigError(
                f"patch {name!r} is periodic, but not joined to {held.partner!r}",
                why="its faces are outer ones in this mesh",
                fix="build the mesh with FVMesh.of(mesh, periodic=partners(boundary))",
            )
    return {name: boundary[name] if name in boundary else boundary[REST] for name in patches}
