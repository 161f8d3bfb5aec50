"""Segment reductions by native torch and by torch-scatter: how many times faster the latter is, in CPU seconds.

``python training/bench/segments.py [rows ...]`` prints a table; ``make test-scatter`` installs torch-scatter. The rows
are sorted by segment, ten rows a segment, float32, one thread. Both take turns, and the quickest run of each counts.
What torch-scatter needs first, the check of the index and the places where the segments begin, is in its time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from unittest import mock

import torch
from torch import Tensor

from gno.ops import scatter, segment_backend, segment_max, segment_mean, segment_sum

_ROWS = (10_000, 100_000, 300_000)
_WIDTHS = (1, 4, 8, 12, 15, 16, 64)
_REPEATS = 9


def ratio(run: Callable[[], object]) -> float:
    """Time of native torch over that of torch-scatter."""
    best = dict.fromkeys(("torch", "torch_scatter"), float("inf"))
    for _ in range(_REPEATS):
        for name in best:
            with segment_backend(name):
                begun = time.process_time()
                run()
                best[name] = min(best[name], time.process_time() - begun)
    return best["torch"] / best["torch_scatter"]


def gradient(reduce: Callable[[Tensor, Tensor, int], Tensor], values: Tensor, index: Tensor, num: int) -> Tensor:
    """Of the sum of all results, by the values."""
    result = reduce(values, index, num)
    return torch.autograd.grad(result, values, torch.ones_like(result))[0]


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"{'rows':>8} {'numbers':>8}   sum, mean, maximum: forward / forward and backward")
    for rows in [int(size) for size in sys.argv[1:]] or _ROWS:
        num = rows // 10
        index = torch.randint(num, (rows,)).sort().values
        for width in _WIDTHS:
            values = torch.randn(rows, width).requires_grad_()
            cells = [
                f"{ratio(lambda: reduce(values.detach(), index, num)):.2f} / "  # noqa: B023
                f"{ratio(lambda: gradient(reduce, values, index, num)):.2f}"  # noqa: B023
                for reduce in (segment_sum, segment_mean, segment_max)
            ]
            print(f"{rows:>8} {width:>8}   {'   '.join(cells)}", flush=True)


if __name__ == "__main__":
    if scatter._torch_scatter() is None:
        raise SystemExit("torch-scatter is not installed: make test-scatter")
    with mock.patch.object(scatter, "_pays", lambda values: values.ndim > 1):  # everywhere, to see where it pays
        main()
