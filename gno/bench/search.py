"""The peers of neighbor search: SciPy's k-d tree, and all distances. Each makes the graph that ours makes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import GnoError


def tree_radius(x: Tensor, radius: float, period: Sequence[float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """``cKDTree.query_pairs``, mirrored, as rows: where the sources of each target begin, and the sources; no loops.

    Args:
        x: points ``(n, dim)`` on the CPU.
        radius: largest distance.
        period: of the box.
    """
    tree = cKDTree(x.numpy(), boxsize=None if period is None else np.asarray(period))
    half = tree.query_pairs(radius, output_type="ndarray")
    ends = np.concatenate([half, half[:, ::-1]]).T
    rows = coo_array((np.ones(ends.shape[1], dtype=np.bool_), (ends[0], ends[1])), shape=(len(x), len(x))).tocsr()
    return rows.indptr, rows.indices


def tree_nearest(x: Tensor, k: int) -> np.ndarray:
    """``cKDTree.query``: the ``k`` nearest points ``(n, k)``, the point itself first.

    Args:
        x: points ``(n, dim)`` on the CPU.
        k: neighbors of each.
    """
    return np.asarray(cKDTree(x.numpy()).query(x.numpy(), k=k)[1])


def dense_radius(targets: Tensor, sources: Tensor, radius: float) -> Tensor:
    """All distances, then those that are small: ``[source; target]`` sorted by target; memory grows like ``n²``.

    Args:
        targets: points ``(n, dim)``.
        sources: points ``(m, dim)``.
        radius: largest distance.
    """
    return (torch.cdist(targets, sources) <= radius).nonzero().T.flip(0)


def refuse_unequal(what: str, ours: Tensor, theirs: Tensor) -> None:
    """Stop where two graphs differ: their times would mean nothing.

    Args:
        what: names the graph.
        ours: numbers of nodes.
        theirs: of the peer, in the same order.

    Raises:
        GnoError: they differ.

    Example:
        >>> refuse_unequal("edges", torch.tensor([1, 2]), torch.tensor([1, 3]))
        Traceback (most recent call last):
        gno.errors.GnoError: edges differ from the peer's; 2 numbers against 2
    """
    if not torch.equal(ours, theirs):
        raise GnoError(f"{what} differ from the peer's", why=f"{ours.numel()} numbers against {theirs.numel()}")
