"""The benchmark: a list of measurements, each of which makes one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gno.bench.row import Row
from gno.bench.setting import Setting


@dataclass(frozen=True)
class Measurement:
    """One row to be.

    Args:
        measure: makes the row.
        cost: about how long it takes, in any unit, for the time that is left.
    """

    measure: Callable[[], Row]
    cost: float | int


@dataclass(frozen=True)
class Benchmark:
    """What one name of ``gno bench`` stands for.

    Args:
        name: of the command and of the files.
        title: for readers.
        unit: what sizes count.
        law: what cost is fitted against: ``n`` or ``n log n``.
        measurements: the rows to be, at the sizes of a setting.
        on_device: whether it runs on other devices than the CPU, too.
    """

    name: str
    title: str
    unit: str
    law: str
    measurements: Callable[[Setting], Sequence[Measurement]]
    on_device: bool = False
