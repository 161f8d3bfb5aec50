"""Growth: how cost rises with size, as the exponent of a power law."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gno.bench.row import Row
from gno.testing import observed_order

OURS = "gno"


@dataclass(frozen=True)
class Curve:
    r"""Cost against size, of ours or of a peer.

    .. math::
        \text{cost} \approx c \, g(n)^p, \qquad g(n) = n \text{ or } n \log n

    Args:
        name: what is measured.
        who: ``gno`` or the name of the peer.
        quantity: ``seconds`` or ``megabytes``.
        sizes: ascending.
        values: cost at each size.
        exponent: ``p``.
    """

    name: str
    who: str
    quantity: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    exponent: float


def curves(rows: Sequence[Row], law: str) -> list[Curve]:
    """The curves that rows of one name at several sizes make; what was extrapolated is left out.

    Args:
        rows: of a benchmark.
        law: ``n`` or ``n log n``.

    Example:
        >>> rows = [Row("search", n, "seconds", ours=1e-6 * n, peer="all", theirs=1e-9 * n**2) for n in (10, 100)]
        >>> [(curve.who, round(curve.exponent, 6)) for curve in curves(rows, "n")]
        [('gno', 1.0), ('all', 2.0)]
    """
    found = []
    ordered = sorted(rows, key=lambda row: (row.name, row.quantity, row.size))
    for (name, quantity), group in groupby(ordered, key=lambda row: (row.name, row.quantity)):
        own = list(group)
        ours = [(row.size, row.ours) for row in own]
        theirs = [(row.size, row.theirs) for row in own if row.theirs and "extrapolated" not in row.numbers]
        peer = next((row.peer for row in own if row.peer), "")
        for who, points in ((OURS, ours), (peer, theirs)):
            sizes, values = zip(*points) if points else ((), ())
            if len(set(sizes)) > 1 and min(values) > 0:
                found.append(Curve(name, who, quantity, sizes, values, _exponent(sizes, values, law)))
    place = {row.name: number for number, row in reversed(list(enumerate(rows)))}
    return sorted(found, key=lambda curve: place[curve.name])


def _exponent(sizes: Sequence[int], values: Sequence[float], law: str) -> float:
    bases = [n * math.log(n) if law == "n log n" else float(n) for n in sizes]
    return observed_order(bases, values)
