"""The record: all that a benchmark found so far, and what it was found with."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gno.bench.benchmark import Benchmark
from gno.bench.growth import Curve, curves
from gno.bench.hardware import hardware, in_words
from gno.bench.row import UNITS, Row
from gno.bench.setting import Setting
from gno.files import write_text

HEADER = ("what", "{unit}", "peer", "peer's", "ours", "", "ratio", "ratio, wall", "besides")


@dataclass
class Record:
    """The rows of a benchmark.

    Args:
        benchmark: which.
        setting: at what sizes, where.
        rows: in the order they were measured.
        complete: whether all rows are there.
    """

    benchmark: Benchmark
    setting: Setting
    rows: list[Row] = field(default_factory=list)
    complete: bool = False

    def __post_init__(self) -> None:
        self.head: dict[str, Any] = {
            "benchmark": self.benchmark.name,
            "title": self.benchmark.title,
            "unit": self.benchmark.unit,
            "law": self.benchmark.law,
            "seconds": "of the device" if self.setting.device.type == "cuda" else "of the CPU, all threads together",
            "quick": self.setting.quick,
            "seed": self.setting.seed,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "hardware": hardware(self.setting.device),
        }

    def curves(self) -> list[Curve]:
        """Growth with size of what was measured at several sizes."""
        return curves(self.rows, self.benchmark.law)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON holds it."""
        rows = [row.to_dict() for row in self.rows]
        return {**self.head, "complete": self.complete, "rows": rows, "growth": [asdict(c) for c in self.curves()]}

    def write(self, path: Path) -> None:
        """Write the record, whole or not at all.

        Args:
            path: the JSON file.

        Raises:
            ResourceError: it cannot be written.
        """
        write_text(path, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")

    def about(self) -> str:
        """What it was found with, in a line."""
        return in_words(self.head["hardware"]) + (", quick" if self.setting.quick else "")

    def table(self) -> tuple[list[str], list[list[str | float | int | None]]]:
        """Header and lines for readers."""
        return [name.format(unit=self.benchmark.unit) for name in HEADER], [_line(row) for row in self.rows]

    def growth(self) -> list[str]:
        """A line for each curve: what it grows like."""
        law = "({})^" if " " in self.benchmark.law else "{}^"
        return [
            f"{c.name}: {c.who} {UNITS[c.quantity]} ~ {law.format(self.benchmark.law)}{c.exponent:.2f}"
            f" from {c.sizes[0]:,} to {c.sizes[-1]:,} {self.benchmark.unit}"
            for c in self.curves()
        ]


def _line(row: Row) -> list[str | float | int | None]:
    besides = "; ".join(f"{name} {_spelled(value)}".strip() for name, value in row.numbers.items())
    values = [row.theirs, row.ours, UNITS[row.quantity]]
    return [row.name, row.size, row.peer, *values, _short(row.ratio), _short(row.ratio_wall), besides]


def _spelled(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _short(ratio: float | None) -> float | None:
    """Three digits: no ratio is known to more."""
    return None if ratio is None or not math.isfinite(ratio) else float(f"{ratio:.3g}")
