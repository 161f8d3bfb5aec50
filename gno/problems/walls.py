"""Walls of a domain: on which patches the field is zero, and through which nothing flows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from gno.fv import Condition, Dirichlet, Neumann
from gno.mesh import Mesh

FIXED = "fixed"
"""Point field: 1 at nodes where the solution is given, else 0."""


def draw_walls(mesh: Mesh, rng: np.random.Generator) -> dict[str, Condition]:
    """Zero on a random half of the patches, at least on one; no flux through the others.

    Args:
        mesh: a mesh with named boundary.
        rng: source of the random numbers; the same for all meshes of a domain.

    Example:
        >>> points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
        >>> mesh = Mesh(points, cells, {"a": np.array([[0, 1]]), "b": np.array([[1, 2], [2, 0]])})
        >>> draw_walls(mesh, np.random.default_rng(1))
        {'a': Dirichlet(value=0.0), 'b': Neumann(flux=0.0)}
    """
    names = sorted(mesh.boundary)
    given = rng.random(len(names)) < 0.5
    given[int(rng.integers(len(names)))] = True
    return {name: Dirichlet(0.0) if zero else Neumann(0.0) for name, zero in zip(names, given)}


def fixed_nodes(mesh: Mesh, walls: Mapping[str, Condition]) -> Float[np.ndarray, " nodes"]:
    """1 at nodes where the field is given, else 0.

    Args:
        mesh: a mesh with named boundary.
        walls: patch to condition.

    Example:
        >>> points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
        >>> mesh = Mesh(points, cells, {"a": np.array([[0, 1]])})
        >>> fixed_nodes(mesh, {"a": Dirichlet()}).tolist()
        [1.0, 1.0, 0.0]
    """
    flag = np.zeros(mesh.num_points)
    for name, facets in mesh.boundary.items():
        if isinstance(walls[name], Dirichlet):
            flag[facets[facets >= 0]] = 1.0
    return flag


def walls_of(mesh: Mesh) -> dict[str, Condition]:
    """Conditions as the point field ``fixed`` tells them; zero on the whole boundary of a mesh without it.

    A patch is one where the field is given if all its nodes are.

    Args:
        mesh: any mesh.

    Example:
        >>> walls_of(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}))
        {'*': Dirichlet(value=0.0)}
    """
    if FIXED not in mesh.point_data:
        return {"*": Dirichlet(0.0)}
    fixed = np.asarray(mesh.point_data[FIXED]) > 0.5
    walls: dict[str, Condition] = {
        name: Dirichlet(0.0) if fixed[facets[facets >= 0]].all() else Neumann(0.0)
        for name, facets in mesh.boundary.items()
    }
    return {**walls, "*": Dirichlet(0.0)}
