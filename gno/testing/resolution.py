"""A model on a finer mesh gives the same field, not another one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gno.mesh import Mesh, node_volume, refine

Predict = Callable[[Mesh], np.ndarray]


def assert_resolution_invariant(
    predict: Predict, field: Callable[[Mesh], Mesh], mesh: Mesh, *, parts: int = 2, tolerance: float = 0.1
) -> None:
    r"""The values at the nodes of a mesh hardly change when its cells are cut.

    .. math::
        \| G_{h/n}(a)|_h - G_h(a) \| \le \epsilon\, \| G_h(a) \|

    Args:
        predict: mesh to values at its nodes ``(nodes, ...)``.
        field: gives a mesh its input fields, by functions of space.
        mesh: the coarse mesh, of 2-D cells.
        parts: into how many parts each edge is cut.
        tolerance: :math:`\epsilon`, in L2 with the volumes of the nodes.

    Raises:
        AssertionError: with the difference.

    Example:
        >>> from gno.mesh import shapes
        >>> assert_resolution_invariant(lambda m: m.points[:, 0] ** 2, lambda m: m, shapes.square(0.3))
    """
    coarse = np.asarray(predict(field(mesh)), dtype=np.float64)
    fine = np.asarray(predict(field(refine(mesh, parts))), dtype=np.float64)[: mesh.num_points]
    weight = node_volume(mesh).reshape(-1, *[1] * (coarse.ndim - 1))
    size, difference = (float(np.sqrt((weight * v**2).sum())) for v in (coarse, fine - coarse))
    if not difference <= tolerance * size:
        raise AssertionError(f"values of size {size:.3e} differ by {difference:.3e} where each edge has {parts} parts")
