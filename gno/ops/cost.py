"""What a kernel contraction costs, by the end that its edges are grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_SCATTER = 10  # multiplications that take as long as one number scattered to its target, measured


class ContractionCost(NamedTuple):
    """Multiplications of a contraction, beyond those that make the hidden features.

    Args:
        aggregate: sum over the edges of each target first, then apply the matrices to the targets.
        project: apply the matrices to the sources first, then sum.
        materialize: form the matrix of each edge, as NNConv does.
    """

    aggregate: float
    project: float
    materialize: float


def contraction_cost(num_edges: int, num_nodes: tuple[int, int], shape: Sequence[int]) -> ContractionCost:
    r"""Cost of each order of a contraction.

    .. math::
        E h c_\mathrm{in} + N_\mathrm{t} h c_\mathrm{in} c_\mathrm{out}, \qquad
        E h c_\mathrm{out} + N_\mathrm{s} h c_\mathrm{in} c_\mathrm{out} + 10\, E c_\mathrm{out}, \qquad
        E h c_\mathrm{in} c_\mathrm{out} + E c_\mathrm{in} c_\mathrm{out}

    Args:
        num_edges: ``E``.
        num_nodes: numbers of sources and of targets.
        shape: ``(h, c_in, c_out)`` of the matrices.

    Example:
        >>> cost = contraction_cost(2000, (100, 100), (256, 64, 64))
        >>> round(cost.materialize / cost.aggregate, 1)
        15.3
    """
    h, c_in, c_out = shape
    sources, targets = num_nodes
    return ContractionCost(
        aggregate=num_edges * h * c_in + targets * h * c_in * c_out,
        project=num_edges * h * c_out + sources * h * c_in * c_out + _SCATTER * num_edges * c_out,
        materialize=num_edges * (h + 1) * c_in * c_out,
    )


def cheaper_end(num_edges: int, num_nodes: tuple[int, int], shape: Sequence[int]) -> str:
    """The end by which to group the edges of a contraction: ``"target"`` sums first, ``"source"`` projects first.

    Args:
        num_edges: number of edges.
        num_nodes: numbers of sources and of targets.
        shape: ``(h, c_in, c_out)`` of the matrices.

    Example:
        >>> cheaper_end(4000, (1000, 250), (64, 32, 32)), cheaper_end(4000, (250, 1000), (64, 32, 32))
        ('target', 'source')
    """
    cost = contraction_cost(num_edges, num_nodes, shape)
    return "source" if cost.project < cost.aggregate else "target"
