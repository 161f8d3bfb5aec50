"""Portions: what each process computes at once of a batch, so that all together give the batch's own gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Portion(NamedTuple):
    """Samples that are computed at once.

    Args:
        samples: numbers in the dataset.
        places: of these samples in the batch.
        share: of the batch that they are: the weight of their mean; 0 where one stands in for none.
    """

    samples: list[int]
    places: list[int]
    share: float


def portions(
    samples: Sequence[int], nodes: Sequence[int], *, processes: int = 1, parts: int = 1
) -> list[list[Portion]]:
    """The portions of each process: every sample of the batch in one, with about as many nodes in each.

    A process for which no sample is left computes one with share 0, so that no other waits for it.

    Args:
        samples: of the batch: numbers in the dataset.
        nodes: of each of these samples.
        processes: that share the batch.
        parts: portions of each process, at most.

    Example:
        >>> portions([7, 8, 9], [10, 30, 10], processes=2)  # doctest: +NORMALIZE_WHITESPACE
        [[Portion(samples=[8], places=[1], share=0.3333333333333333)],
         [Portion(samples=[7, 9], places=[0, 2], share=0.6666666666666666)]]
        >>> portions([7, 8], [10, 30])
        [[Portion(samples=[7, 8], places=[0, 1], share=1.0)]]
    """
    stand_in = Portion([samples[0]], [0], 0.0)
    result = []
    for places in _dealt(range(len(samples)), nodes, processes):
        own = [
            Portion([samples[p] for p in part], part, len(part) / len(samples))
            for part in _dealt(places, nodes, parts)
            if part
        ]
        result.append(own or [stand_in])
    return result


def _dealt(places: Sequence[int], nodes: Sequence[int], heaps: int) -> list[list[int]]:
    """Places dealt to heaps of about as many nodes: the largest first, each to the heap that has the fewest."""
    load, dealt = [0] * heaps, [list[int]() for _ in range(heaps)]
    for place in sorted(places, key=lambda p: (-nodes[p], p)):
        heap = min(range(heaps), key=lambda h: (load[h], len(dealt[h])))
        load[heap] += nodes[place]
        dealt[heap].append(place)
    return [sorted(heap) for heap in dealt]
