"""The one condition that holds on each patch of the boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, TypeVar

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Periodic
from gno.fv.volumes.patches import REST, check_patch

Held = TypeVar("Held")


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
        >>> by_patch({"lid": [0, 1], "wall": [2, 3, 4]}, {"lid": 1.0, "*": 0.0})
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
