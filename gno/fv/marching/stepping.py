"""Steps in time, each one implicit solve, and their adjoint in little memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, get_args, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.linear.lagged import Kept
from gno.fv.marching.stretches import in_stretches
from gno.fv.nonlinear.report import Report

Method = Literal["backward-euler", "crank-nicolson", "bdf2"]
ORDER = {"backward-euler": 1, "crank-nicolson": 2, "bdf2": 2}
"""With which power of the time step the error falls."""
OnStep = Callable[[int, float, Tensor, Report], None]


@runtime_checkable
class Evolution(Protocol):
    r"""What changes in time: :math:`\partial u / \partial t = L(u, \theta)`."""

    def change(self, u: Tensor, theta: Any) -> Tensor:
        """``L``."""

    def implicit(self, start: Tensor, rate: float, memory: Tensor, theta: Any, kept: Kept) -> tuple[Tensor, Report]:
        r"""The u with :math:`L(u) = r u + m`."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """States in time.

    Args:
        times: instants ``(kept,)``.
        u: the states then ``(kept, cells)``; the first is the initial one.
    """

    times: Float[Tensor, " kept"]
    u: Float[Tensor, "kept cells"]


class Weights(NamedTuple):
    r"""One step: :math:`a u^{n+1} + b u^n + c u^{n-1} = w L(u^{n+1}) + (1 - w) L(u^n)`.

    Args:
        new: a.
        now: b.
        before: c.
        implicit: w.
    """

    new: float
    now: float
    before: float
    implicit: float

    @classmethod
    def of(cls, method: Method, dt: float, last: float | None) -> Weights:
        """Those of a method; BDF2 begins with a step of backward Euler, which keeps its order.

        Source: Hairer, Norsett and Wanner 1993, Solving Ordinary Differential Equations I, equation III.5.9.

        Args:
            method: its name.
            dt: the step.
            last: the step before, if there was one.

        Example:
            >>> Weights.of("bdf2", 1.0, 1.0)
            Weights(new=1.5, now=-2.0, before=0.5, implicit=1.0)
        """
        if method == "crank-nicolson":
            return cls(1 / dt, -1 / dt, 0.0, 0.5)
        if method == "backward-euler" or last is None:
            return cls(1 / dt, -1 / dt, 0.0, 1.0)
        w = dt / last
        return cls((1 + 2 * w) / (1 + w) / dt, -(1 + w) / dt, w * w / (1 + w) / dt, 1.0)

    def memory(self, now: Tensor, before: Tensor) -> Tensor:
        """What the states that are known bring into the step, :math:`(b u^n + c u^{n-1}) / w`.

        Args:
            now: the last state.
            before: the one before; of no weight in a first step.
        """
        return (self.now * now + self.before * before) / self.implicit


@dataclass(frozen=True)
class Stepping:
    """How to go through time.

    Args:
        method: ``bdf2`` (order 2, damps what is stiff), ``crank-nicolson`` (order 2, keeps the amplitude of waves, and
            of noise) or ``backward-euler`` (order 1, keeps a field within its bounds).
        every: the states to keep: each, each second one, and so on.
        checkpoint: whether derivatives go through the steps again, in stretches of the square root of their number,
            in place of remembering all of each: memory of a few stretches for one more solve per step.
        on_step: called once after each step, with its number, the time, the state and how its iteration went.

    Raises:
        ConfigError: an unknown method, or nothing to keep.

    Example:
        >>> Stepping().method
        'bdf2'
    """

    method: Method = "bdf2"
    every: int = 1
    checkpoint: bool = True
    on_step: OnStep | None = None

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ConfigError(f"method {self.method!r} is unknown", why=f"there are {', '.join(get_args(Method))}")
        if self.every < 1:
            raise ConfigError(f"every is {self.every}", why="it counts steps, from 1 on")

    def march(self, evolution: Evolution, initial: Tensor, times: Sequence[float] | Tensor, theta: Any) -> Trajectory:
        """From one instant to the next.

        Args:
            evolution: what changes.
            initial: state at the first instant ``(cells,)``.
            times: the instants.
            theta: parameters, a tensor or tuples of tensors.

        Raises:
            ConfigError: times that do not ascend, or whose number does not fit to the states to keep.
            ConvergenceError: a step that did not converge.
        """
        instants, shared, kept = _ascending(times, self.every), Kept(), [initial]

        def step(last: _Instant) -> _Instant:
            new, report = self._step(evolution, instants, last, theta, shared)
            return _Instant(last.number + 1, new, last.u, report)

        def told(new: _Instant) -> None:
            if self.on_step is not None and new.report is not None:
                self.on_step(new.number, instants[new.number], new.u.detach(), new.report)
            if new.number % self.every == 0:
                kept.append(new.u)

        first = _Instant(0, initial, initial)
        in_stretches(step, first, len(instants) - 1, told=told, checkpoint=self.checkpoint)
        return Trajectory(torch.tensor(instants[:: self.every], dtype=initial.dtype), torch.stack(kept))

    def _step(
        self, evolution: Evolution, instants: Sequence[float], last: _Instant, theta: Any, shared: Kept
    ) -> tuple[Tensor, Report]:
        t, number = instants, last.number
        weights = Weights.of(self.method, t[number + 1] - t[number], t[number] - t[number - 1] if number else None)
        memory, w = weights.memory(last.u, last.before), weights.implicit
        if w < 1:
            memory = memory - (1 - w) / w * evolution.change(last.u, theta)
        return evolution.implicit(last.u, weights.new / w, memory, theta, shared)


class _Instant(NamedTuple):
    """A state, the one before, and how the step to it went."""

    number: int
    u: Tensor
    before: Tensor
    report: Report | None = None


def _ascending(times: Sequence[float] | Tensor, every: int) -> list[float]:
    instants = torch.as_tensor(times, dtype=torch.float64).detach().cpu()
    if instants.ndim != 1 or len(instants) < 1 or not bool((instants.diff() > 0).all()):
        raise ConfigError("the times do not ascend", why="each step goes from one instant to a later one")
    if (len(instants) - 1) % every:
        raise ConfigError(f"{len(instants) - 1} steps are no multiple of {every}", why=f"each {every}th is to be kept")
    return instants.tolist()
