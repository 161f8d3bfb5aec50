"""Seconds of rivals, measured in turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import torch

Work = Callable[[], object]
"""Something whose cost is measured; if it returns ``Seconds``, those of a process of its own, they count instead."""
FEWEST, MOST = 3, 15
"""Repetitions: the first one also warms up, and the least of them counts."""


class Seconds(NamedTuple):
    """The cost of one run.

    Args:
        processor: CPU seconds of the process, all threads together; on CUDA seconds of the device between two events.
        wall: seconds on the clock.
    """

    processor: float
    wall: float


CPU = torch.device("cpu")


def stopwatch(work: Work, device: torch.device = CPU) -> Seconds:
    """The cost of one run.

    Args:
        work: what to run.
        device: where; on CUDA the clock stops when the device is done.

    Example:
        >>> cost = stopwatch(lambda: sum(range(1000)))
        >>> 0 <= cost.processor < 1
        True
    """
    if device.type == "cuda":
        return _on_cuda(work, device)
    processor, wall = time.process_time(), time.perf_counter()
    told = work()
    own = Seconds(time.process_time() - processor, time.perf_counter() - wall)
    return told if isinstance(told, Seconds) else own


def race(*works: Work, device: torch.device = CPU, patience: float | int = 3.0) -> list[Seconds]:
    """The least cost of each of some rivals, which run in turns so that a busy machine slows them alike.

    Args:
        works: the rivals.
        device: where they run.
        patience: seconds; after the fewest repetitions there are more until these have passed.

    Returns:
        of each rival the least processor seconds and the least wall seconds.

    Example:
        >>> short, long = race(lambda: sum(range(100)), lambda: sum(range(100_000)), patience=0)
        >>> short.wall < long.wall
        True
    """
    begun = time.perf_counter()
    rounds: list[list[Seconds]] = []
    while len(rounds) < FEWEST or (len(rounds) < MOST and time.perf_counter() - begun < patience):
        rounds.append([stopwatch(work, device) for work in works])
    return [Seconds(*(min(costs) for costs in zip(*own))) for own in zip(*rounds)]


def _on_cuda(work: Work, device: torch.device) -> Seconds:
    torch.cuda.synchronize(device)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    with torch.cuda.device(device):
        wall = time.perf_counter()
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize(device)
    return Seconds(begin.elapsed_time(end) / 1e3, time.perf_counter() - wall)
