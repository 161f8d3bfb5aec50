"""Renumbering and moving a graph moves the result alike, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

MOTIONS = ("renumber", "translate", "rotate")
"""What can be done to a graph."""


def assert_equivariant(
    model: Callable[[Any], Tensor],
    graph: Any,
    *,
    under: str = "renumber",
    rebuild: Callable[[Any], Any] | None = None,
    tolerance: float = 1e-9,
    seed: int = 0,
) -> None:
    r"""A model of scalar fields gives the same values at the same nodes, wherever and in whatever order they stand.

    .. math::
        G(g \cdot a) = g \cdot G(a)

    Args:
        model: graph to values ``(nodes, ...)``.
        graph: with ``pos (nodes, dim)`` and, to be renumbered, ``edge_index``; tensors whose first axis counts the
            nodes go with them, and those called ``edge_...`` go with the edges.
        under: ``renumber`` the nodes, ``translate`` them, or ``rotate`` and reflect them about the origin.
        rebuild: makes what depends on positions anew, such as ``edge_attr``, in a moved graph.
        tolerance: relative to the largest value.
        seed: of the motion.

    Raises:
        AssertionError: with the difference, or for an unknown motion.

    Example:
        >>> from gno.graph import GraphData
        >>> graph = GraphData(pos=torch.rand(5, 2), x=torch.rand(5, 1), edge_index=torch.tensor([[0, 1], [1, 2]]))
        >>> assert_equivariant(lambda g: g.x.square(), graph)
        >>> assert_equivariant(lambda g: g.pos.norm(dim=1), graph, under="rotate", tolerance=1e-5)
    """
    if under not in MOTIONS:
        raise AssertionError(f"motion {under!r} is unknown; known: {', '.join(MOTIONS)}")
    generator = torch.Generator().manual_seed(seed)
    num = len(graph.pos)
    order = torch.randperm(num, generator=generator) if under == "renumber" else torch.arange(num)
    moved = _renumbered(graph, order) if under == "renumber" else _moved(graph, under, generator)
    if rebuild is not None:
        moved = rebuild(moved)
    with torch.no_grad():
        expected, found = model(graph)[order], model(moved)
    difference = float((found - expected).abs().max())
    size = max(float(expected.abs().max()), 1e-300)
    if not difference <= tolerance * size:
        raise AssertionError(f"under {under}, values of size {size:.3e} differ by {difference:.3e}")


def _moved(graph: Any, under: str, generator: torch.Generator) -> Any:
    moved, dim = copy.copy(graph), graph.pos.shape[1]
    draw = torch.randn(dim, dim, generator=generator, dtype=torch.float64)
    if under == "translate":
        moved.pos = graph.pos + draw[0].to(graph.pos)
    else:
        moved.pos = graph.pos @ torch.linalg.qr(draw)[0].to(graph.pos)
    return moved


def _renumbered(graph: Any, order: Tensor) -> Any:
    moved, num = copy.copy(graph), len(order)
    place = torch.empty_like(order)
    place[order] = torch.arange(num)
    edges = place[graph.edge_index]
    edge_order = torch.argsort(edges[1], stable=True)  # layers may rely on edges sorted by target
    for key, value in graph.to_dict().items():
        if key == "edge_index":
            moved[key] = edges[:, edge_order]
        elif key.startswith("edge_"):
            moved[key] = value[edge_order]
        elif isinstance(value, Tensor) and value.ndim and len(value) == num:
            moved[key] = value[order]
    return moved
