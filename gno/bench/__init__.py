"""Benchmarks: costs as ratios to peers, both measured in turns in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.bench.benchmark import Benchmark
    from gno.bench.record import Record
    from gno.bench.row import Row
    from gno.bench.setting import Setting
    from gno.bench.suite import benchmark_named, run

NAMES = ("kernels", "neighbors", "hierarchy", "io", "solver", "training", "hybrid", "prediction")
"""The benchmarks, in the order in which they run."""

_LAZY = {
    "Benchmark": "gno.bench.benchmark",
    "Record": "gno.bench.record",
    "Row": "gno.bench.row",
    "Setting": "gno.bench.setting",
    "benchmark_named": "gno.bench.suite",
    "run": "gno.bench.suite",
}

__all__ = ["NAMES", "Benchmark", "Record", "Row", "Setting", "benchmark_named", "run"]

# Import torch and matplotlib when a benchmark runs.
__getattr__ = lazily(__name__, _LAZY)
