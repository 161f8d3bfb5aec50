"""Partitions: nodes dealt to processes, as many to each, with few edges between them."""

from __future__ import annotations

import importlib.util

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from gno.errors import ConfigError
from gno.typing import Points

METHODS = ("auto", "metis", "bisection")


def partition(
    points: Points, parts: int, *, edges: Int[Tensor, "2 edges"] | None = None, method: str = "auto"
) -> Int[np.ndarray, " nodes"]:
    """The part of each node.

    METIS cuts few edges: Karypis and Kumar 1998, SIAM Journal on Scientific Computing 20(1), by the extra ``partition``
    (pymetis). Recursive coordinate bisection halves the points along their longest extent: Berger and Bokhari 1987,
    IEEE Transactions on Computers C-36(5). Cost: about O(N log N).

    Args:
        points: coordinates ``(nodes, dim)``.
        parts: how many.
        edges: ``[source; target]``, both directions, for METIS.
        method: ``metis``, ``bisection``, or ``auto``: METIS where it is installed and there are edges.

    Raises:
        ConfigError: fewer than one part, an unknown method, or METIS without edges or without pymetis.

    Example:
        >>> x = np.array([[0.0, 0.0], [3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
        >>> partition(x, 2, method="bisection").tolist()
        [0, 1, 0, 1]
    """
    if parts < 1:
        raise ConfigError(f"{parts} parts", why="there is at least one")
    if method not in METHODS:
        raise ConfigError(f"method {method!r} is unknown", why=f"known: {', '.join(METHODS)}")
    has_metis = importlib.util.find_spec("pymetis") is not None
    if method == "metis" and (edges is None or not has_metis):
        what = "METIS without edges" if edges is None else "pymetis is not installed"
        raise ConfigError(what, why="the method 'metis' needs both", fix="pip install 'gno-pde[partition]'")
    if method != "bisection" and edges is not None and has_metis and parts > 1:
        return _by_metis(len(points), parts, edges)
    owner = np.zeros(len(points), dtype=np.int64)
    _bisect(points, np.arange(len(points)), range(parts), owner)
    return owner


def _bisect(points: np.ndarray, nodes: np.ndarray, parts: range, owner: np.ndarray) -> None:
    if len(parts) == 1 or not len(nodes):
        owner[nodes] = parts.start
        return
    x = points[nodes]
    order = nodes[np.argsort(x[:, int(np.argmax(np.ptp(x, axis=0)))], kind="stable")]
    half = len(parts) // 2
    cut = len(nodes) * half // len(parts)
    _bisect(points, order[:cut], parts[:half], owner)
    _bisect(points, order[cut:], parts[half:], owner)


def _by_metis(num: int, parts: int, edges: Tensor) -> np.ndarray:
    import pymetis

    source, target = edges[:, edges[0] != edges[1]].cpu()
    order = torch.argsort(target, stable=True)
    first = torch.zeros(num + 1, dtype=torch.int64)
    first[1:] = torch.bincount(target, minlength=num).cumsum(0)
    _, owner = pymetis.part_graph(parts, xadj=first.tolist(), adjncy=source[order].tolist())
    return np.asarray(owner, dtype=np.int64)
