"""The distance of points to some patches of the boundary: to an airfoil, and not to the far field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from gno.errors import DataError
from gno.mesh.mesh import Mesh
from gno.models.features.fixed_nodes import fixed_nodes
from gno.ops.period import wrap


def patch_distance(
    mesh: Mesh, patches: Sequence[str], period: Sequence[float] | None = None
) -> Float[np.ndarray, " nodes"]:
    r"""Distance of each node to the nearest node of some patches, as CFD-GCN takes it.

    .. math::
        d_i = \min_{j \in P} |x_i - x_j|

    Between two nodes of a patch that are :math:`h` apart it is too large by :math:`h^2 / 8d` at most. Cost: O(N log P).

    Args:
        mesh: any mesh.
        patches: names; ``*`` is the whole outer boundary.
        period: length of the periodic box along each axis, 0 where it is not periodic.

    Raises:
        DataError: the mesh has no such patch, or these have no node.

    Source:
        Belbute-Peres, Economon, Kolter, "Combining differentiable PDE solvers and graph neural networks for fluid
        flow prediction", ICML 2020.

    Example:
        >>> from gno.mesh import shapes
        >>> mesh = shapes.square(0.25, kind="structured")
        >>> bool(np.allclose(patch_distance(mesh, ["left"]), mesh.points[:, 0]))
        True
    """
    nodes = fixed_nodes(mesh, patches)
    if not nodes.any():
        raise DataError(
            f"no node lies on {', '.join(map(repr, patches))}", why="distances are measured to them", fix="name another"
        )
    points, box = wrap(mesh.points, period or None)
    return np.asarray(cKDTree(points[nodes], boxsize=box).query(points)[0])
