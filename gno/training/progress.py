"""What is told while it is done: events, and a console that shows them."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Event:
    """One step of something long.

    Args:
        stage: what is being done: ``graphs``, ``training``, ``calibration``, ``evaluation``.
        done: steps done.
        total: steps in all.
        numbers: what is known by now: ``epoch``, ``loss``, ``relative_l2``.
        message: a remark that is shown once.
        milestone: whether a log should hold this event: the end of an epoch, the end of a stage.
    """

    stage: str
    done: int
    total: int
    numbers: Mapping[str, float | int] = field(default_factory=dict)
    message: str = ""
    milestone: bool = False


Progress = Callable[[Event], None]
"""Told every event; the library itself prints nothing."""


def silent(event: Event) -> None:
    """Shows nothing."""


class Console:
    """Shows progress: a bar with the remaining time on a terminal, else a line every few seconds.

    Args:
        file: text stream to write to; standard error without it.
        interval: least seconds between two lines, where there is no terminal.

    Example:
        >>> with Console(sys.stdout) as progress:
        ...     progress(Event("training", 4, 4, {"epoch": 2, "loss": 0.125}, milestone=True))
        training 4/4  epoch 2  loss 0.125
    """

    def __init__(self, file: Any = None, *, interval: float = 5.0) -> None:
        self.file = sys.stderr if file is None else file
        self.interval = interval
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        self._last = -math.inf
        self._begun: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Console:
        if self.file.isatty():
            self._bar = _bar(self.file)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._bar is None:
            self._write(event)
            return
        if event.message:
            self._bar.console.print(event.message, highlight=False, markup=False)
        if event.stage not in self._tasks:
            self._tasks[event.stage] = self._bar.add_task(event.stage, total=event.total, numbers="")
        self._bar.update(
            self._tasks[event.stage], completed=event.done, total=event.total, numbers=_numbers(event.numbers)
        )

    def _write(self, event: Event) -> None:
        now = time.monotonic()
        self._begun.setdefault(event.stage, (now, event.done))
        patience = self.interval if event.milestone else 6 * self.interval
        last = event.milestone and event.done >= event.total
        if event.message:
            self.file.write(event.message + "\n")
        elif last or now - self._last >= patience:
            self._last = now
            left = "" if last else self._remaining(event, now)
            parts = [f"{event.stage} {event.done}/{event.total}", _numbers(event.numbers), left]
            self.file.write("  ".join(part for part in parts if part) + "\n")
        self.file.flush()

    def _remaining(self, event: Event, now: float) -> str:
        begun, done = self._begun[event.stage]
        if event.done == done:
            return ""
        seconds = round((now - begun) * (event.total - event.done) / (event.done - done))
        return f"about {seconds // 60}:{seconds % 60:02d} left"


def _bar(file: Any) -> Any:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        console=RichConsole(file=file),
    )


def _numbers(numbers: Mapping[str, float | int]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in numbers.items())
