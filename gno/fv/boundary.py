"""Conditions of diffusion on the outer faces of a mesh, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from gno.errors import ConfigError
from gno.fv.conditions import Dirichlet, Neumann, Value
from gno.fv.patches import by_patch, patch_rows
from gno.mesh import Mesh, face_centroid, faces

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
    conditions = by_patch(patches, boundary)
    given, value = np.zeros(len(number), dtype=bool), np.zeros(len(number))
    centers = face_centroid(mesh)[number]
    for name, rows in patches.items():
        condition = conditions[name]
        given[rows] = isinstance(condition, Dirichlet)
        data = condition.value if isinstance(condition, Dirichlet) else condition.flux
        value[rows] = evaluate(data, centers[rows], f"patch {name!r}")
    return OuterFaces(number, given, value, patches)


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
