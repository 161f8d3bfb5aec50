"""What a kernel contraction costs, by the end that its edges are grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_SCATTER = 10  # multiplications that take as long as one number scattered to its target, measured
_FRESH, _READ = 30, 8  # as long as a number of a matrix written for the first time, and read and applied
_FRESH_TRAINED, _READ_TRAINED = 60, 20  # the same with the gradient
_THIN = 2.5  # products of thin matrices, those of a node's edges, take this times as much on top of what wide ones take


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


def matrices_pay(
    num_edges: int, num_nodes: tuple[int, int], shape: Sequence[int], times: int, *, trained: bool
) -> bool:
    r"""Whether ``times`` contractions with the same features and matrices are quicker by a stored matrix an edge.

    .. math::
        E c_\mathrm{in} c_\mathrm{out} (h + 30 + 8\, T) < T C, \qquad
        E c_\mathrm{in} c_\mathrm{out} (3 h + 60 + 20\, T) < 4\, T C

    without and with a gradient, where ``C`` is the cost of the cheaper order with ``E h c`` counted 3.5 times. Of ``T``
    = 2, 3, 4, 6, 8 and 12, matrices were quicker from these on, without and with a gradient (one core of a CPU,
    ``float32``, 8,000 edges, as many sources as targets). The constants are fitted to 306 measurements, these and
    others with four times as many nodes at one end; on those and 78 more 22 choices are wrong, the worst by a third:

    =====  ======  ==========  ===========  ===========
    width  degree  ``h = 64``  ``h = 128``  ``h = 256``
    =====  ======  ==========  ===========  ===========
    32     7       8, 4        6, 4         4, 3
    32     20      none, 12    12, 8        12, 6
    64     7       none, 12    none, 8      12, 6
    64     20      none, none  none, none   none, 12
    =====  ======  ==========  ===========  ===========

    Args:
        num_edges: ``E``.
        num_nodes: numbers of sources and of targets.
        shape: ``(h, c_in, c_out)`` of the matrices.
        times: ``T``.
        trained: whether a gradient follows.

    Example:
        >>> [matrices_pay(7000, (1000, 1000), (256, 32, 32), times, trained=True) for times in (2, 6)]
        [False, True]
    """
    h, c_in, c_out = shape
    cost = contraction_cost(num_edges, num_nodes, shape)
    thin = _THIN * num_edges * h
    contracted = times * min(cost.aggregate + thin * c_in, cost.project + thin * c_out)
    numbers = num_edges * c_in * c_out
    if trained:
        return numbers * (3 * h + _FRESH_TRAINED + _READ_TRAINED * times) < 4 * contracted
    return numbers * (h + _FRESH + _READ * times) < contracted
