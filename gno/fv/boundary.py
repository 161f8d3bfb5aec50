"""Conditions on the boundary: what holds on which patch, and their values on the outer faces of a mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from gno.errors import ConfigError
from gno.mesh import Mesh, face_centroid, faces, patch_faces

Value = float | int | np.ndarray | Callable[[np.ndarray], Any]
"""A number, an array with a value per face of the patch, or a function of points ``(n, dim)``."""
REST = "*"
"""Name that stands for all outer faces whose patch is not named."""


@dataclass(frozen=True, eq=False)
class Dirichlet:
    r"""The field is given: :math:`u = g`.

    Args:
        value: ``g``; an array has one value per face of the patch, a function takes points ``(n, dim)``.

    Example:
        >>> Dirichlet(lambda points: points[:, 0])  # doctest: +ELLIPSIS
        Dirichlet(value=<function ...>)
    """

    value: Value = 0.0


@dataclass(frozen=True, eq=False)
class Neumann:
    r"""The flux is given: :math:`a \, \partial u / \partial n = q` with the normal out of the domain.

    Of a field that diffuses from high to low values, positive ``q`` flows in; zero is an impermeable wall.

    Args:
        flux: ``q``; an array has one value per face of the patch, a function takes points ``(n, dim)``.

    Example:
        >>> Neumann()
        Neumann(flux=0.0)
    """

    flux: Value = 0.0


Condition = Dirichlet | Neumann


@dataclass(frozen=True, eq=False)
class OuterFaces:
    """The outer faces of a mesh with the condition on each.

    Args:
        number: numbers of the faces among those of the mesh.
        given: whether the field is given there, and not the flux.
        value: the field or the flux at the centroid of the face.
        patches: name to rows of these arrays; ``*`` holds what no named patch has.
    """

    number: Int[np.ndarray, " outer"]
    given: Bool[np.ndarray, " outer"]
    value: Float[np.ndarray, " outer"]
    patches: Mapping[str, np.ndarray]


def outer_faces(mesh: Mesh, boundary: Mapping[str, Condition]) -> OuterFaces:
    """Conditions on all outer faces.

    Args:
        mesh: any mesh.
        boundary: patch to condition; ``*`` holds on every patch that is not named, and on outer faces of no patch.

    Raises:
        ConfigError: an unknown patch, a patch without condition, or values that do not fit.
        MeshError: a patch with facets that are no outer faces.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> outer_faces(mesh, {"*": Dirichlet(2.0)}).value.tolist()
        [2.0, 2.0, 2.0]
    """
    number = np.flatnonzero(faces(mesh).neighbor < 0)
    patches = patch_rows(mesh)
    conditions = _by_patch(patches, boundary)
    given, value = np.zeros(len(number), dtype=bool), np.zeros(len(number))
    centers = face_centroid(mesh)[number]
    for name, rows in patches.items():
        condition = conditions[name]
        given[rows] = isinstance(condition, Dirichlet)
        data = condition.value if isinstance(condition, Dirichlet) else condition.flux
        value[rows] = evaluate(data, centers[rows], f"patch {name!r}")
    return OuterFaces(number, given, value, patches)


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


def evaluate(value: Value, points: np.ndarray, what: str) -> Float[np.ndarray, " n"]:
    """A number, array or function as an array of one value per point.

    Args:
        value: what is given.
        points: where ``(n, dim)``.
        what: how to name it in an error.

    Raises:
        ConfigError: values of the wrong number, or not finite.

    Example:
        >>> evaluate(lambda x: x[:, 0] ** 2, np.array([[2.0, 0.0], [3.0, 0.0]]), "the source").tolist()
        [4.0, 9.0]
    """
    raw = value(points) if callable(value) else value
    array = np.asarray(raw, dtype=np.float64)
    if array.shape not in ((), (len(points),)):
        raise ConfigError(f"{what} has values of shape {array.shape}", why=f"it needs one number, or {len(points)}")
    if not np.isfinite(array).all():
        raise ConfigError(f"{what} has values that are not finite", fix="look for NaN and division by zero in them")
    return np.broadcast_to(array, (len(points),)).copy()


def _by_patch(patches: Mapping[str, np.ndarray], boundary: Mapping[str, Condition]) -> dict[str, Condition]:
    named = [name for name in patches if name != REST]
    unknown = [name for name in boundary if name not in patches and name != REST]
    if unknown:
        have = ", ".join(named)
        raise ConfigError(
            f"patch {unknown[0]!r} is not in the mesh",
            why=f"it has: {have}" if have else "its boundary has no names",
            fix="name one of them" if have else "give '*' for the whole boundary",
        )
    without = [name for name in patches if name not in boundary and REST not in boundary]
    if without:
        lost = len(patches[without[0]])
        raise ConfigError(
            f"{lost} outer faces are in no patch" if without[0] == REST else f"patch {without[0]!r} has no condition",
            why="the solution depends on what holds on every outer face",
            fix="give one, or '*' for all patches that are not named",
        )
    return {name: boundary[name] if name in boundary else boundary[REST] for name in patches}
