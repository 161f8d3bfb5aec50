"""The nodes of a mesh whose values are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from gno.datasets.naming import suggestion
from gno.errors import DataError
from gno.mesh.faces import outer_nodes
from gno.mesh.mesh import Mesh

ALL = "*"
"""All outer faces, where patches are named."""


def fixed_nodes(mesh: Mesh, patches: Sequence[str]) -> Bool[np.ndarray, " nodes"]:
    """Which nodes lie on some patches.

    Args:
        mesh: with its named boundary.
        patches: names; ``*`` is the whole outer boundary.

    Raises:
        DataError: the mesh has no such patch.

    Example:
        >>> from gno.mesh import shapes
        >>> mesh = shapes.square(0.5, kind="structured")
        >>> int(fixed_nodes(mesh, ["*"]).sum()), int(fixed_nodes(mesh, ["left"]).sum())
        (8, 3)
    """
    result = np.zeros(mesh.num_points, dtype=bool)
    for name in patches:
        if name == ALL:
            result[outer_nodes(mesh)] = True
        elif name in mesh.boundary:
            nodes = mesh.boundary[name]
            result[nodes[nodes >= 0]] = True
        else:
            raise DataError(
                f"the mesh has no patch {name!r}",
                why=f"the model asks for it by name; have: {', '.join(mesh.boundary) or 'none'}",
                fix=suggestion(name, mesh.boundary) or "name the boundary of the mesh as in training",
            )
    return result
