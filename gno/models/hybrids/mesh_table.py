"""Meshes as values that JSON can hold, for the header of a model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gno.errors import ConfigError, MeshError
from gno.mesh.mesh import Mesh

_MOST = 20_000  # nodes that a header is to hold


def mesh_table(mesh: Mesh) -> dict[str, Any]:
    """Points, cells and patches of a mesh as lists; fields are left out.

    Args:
        mesh: a coarse one.

    Raises:
        MeshError: a mesh of more nodes than a header is to hold.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> mesh_table(mesh)["cells"]
        {'triangle': [[0, 1, 2]]}
    """
    if mesh.num_points > _MOST:
        raise MeshError(
            f"the mesh has {mesh.num_points} nodes", why=f"a model file holds meshes of up to {_MOST}", fix="coarsen it"
        )
    return {
        "points": mesh.points.tolist(),
        "cells": {kind: corners.tolist() for kind, corners in mesh.cells.items()},
        "boundary": {name: facets.tolist() for name, facets in mesh.boundary.items()},
    }


def mesh_of(table: Mapping[str, Any]) -> Mesh:
    """The inverse of ``mesh_table``: the same mesh, bit for bit.

    Args:
        table: points, cells and boundary.

    Raises:
        ConfigError: lists that do not make a mesh.
    """
    try:
        points = np.asarray(table["points"], dtype=np.float64)
        cells = {kind: np.asarray(corners, dtype=np.int64) for kind, corners in table["cells"].items()}
        facets = {name: np.asarray(rows, dtype=np.int64) for name, rows in table["boundary"].items() if rows}
        return Mesh(points, cells, facets)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ConfigError("a coarse mesh cannot be read", why=f"{type(error).__name__}: {error}") from error
