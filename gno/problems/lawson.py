"""Stiff linear decay exactly, the rest by Runge and Kutta: steps of a system whose linear part is diagonal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from gno.errors import SolverError

Tendency = Callable[[Tensor], tuple[Tensor, Tensor]]
"""State to what changes it beside the linear part, and to rates that are added up over time."""

STABLE = 1.3
"""Courant number on a grid of which two thirds of the waves are kept, up to which they are stable."""
_MOST = 1_000_000
_HALVINGS, _STEPS = 14, 8


class Lawson:
    r"""The classical Runge-Kutta method of order 4 behind an integrating factor.

    .. math::
        \dot v = L v + N(v), \qquad \frac{d}{dt} \left( e^{-tL} v \right) = e^{-tL} N(v)

    Rates that are integrals of the state over time (dissipation, work) are added up by the same stages, so their sums
    are of order 4, too.

    Source: Lawson 1967, SIAM J. Numer. Anal. 4(3), https://doi.org/10.1137/0704033.

    Args:
        linear: diagonal of ``L``, not positive.
        tendency: ``N`` and the rates.
        step: length of a step; of several states at once perhaps one for each.

    Example:
        >>> decay = Lawson(torch.tensor([-3.0]), lambda v: (0 * v, v), step=0.5)
        >>> value, total = decay(torch.tensor([1.0 + 0j]))
        >>> bool((value - torch.exp(torch.tensor(-1.5))).abs() < 1e-6)
        True
    """

    order: ClassVar[int] = 4

    def __init__(self, linear: Float[Tensor, "..."], tendency: Tendency, step: float | Float[Tensor, "..."]) -> None:
        self.step, self._tendency = step, tendency
        self._half = torch.exp(0.5 * step * linear)

    def __call__(self, v: Complex[Tensor, "..."]) -> tuple[Complex[Tensor, "..."], Tensor]:
        """The state one step later, and what the rates add up to in it."""
        h, e = self.step, self._half
        a, rate_a = self._tendency(v)
        b, rate_b = self._tendency(e * (v + 0.5 * h * a))
        c, rate_c = self._tendency(e * v + 0.5 * h * b)
        d, rate_d = self._tendency(e * (e * v + h * c))
        after = e * (e * (v + h / 6 * a) + h / 3 * (b + c)) + h / 6 * d
        return after, h / 6 * (rate_a + 2 * (rate_b + rate_c) + rate_d)


class Advance(NamedTuple):
    """What came of a span of time.

    Args:
        state: at its end.
        total: what the rates add up to in it.
        courant: largest Courant number.
        steps: steps that were taken.
    """

    state: Tensor
    total: Tensor
    courant: float
    steps: int


class Semilinear(NamedTuple):
    r"""An equation :math:`\dot v = L v + N(v)`, and how quick it is.

    Args:
        linear: diagonal of ``L``, not positive.
        tendency: ``N`` and the rates.
        speed: Courant number of a step of length 1.
    """

    linear: Float[Tensor, "..."]
    tendency: Tendency
    speed: Callable[[Tensor], float]


def advance(equation: Semilinear, v: Complex[Tensor, "..."], span: float, *, courant: float, longest: float) -> Advance:
    """Go through a span in equal steps; where the flow becomes too quick for them, once more with twice as many.

    Args:
        equation: of the state.
        v: state at the beginning.
        span: its length.
        courant: Courant number that steps are chosen for.
        longest: longest step.

    Raises:
        SolverError: the state grows beyond bounds.
    """
    before = equation.speed(v)
    count = max(math.ceil(span / longest), math.ceil(span * before / courant) if math.isfinite(before) else _MOST)
    while True:
        step = Lawson(equation.linear, equation.tendency, span / count)
        state, total = v, torch.zeros((), dtype=torch.float64)
        for _ in range(count):
            state, gained = step(state)
            total = total + gained
        rates = before, equation.speed(state)
        most = max(rates) * span / count if all(map(math.isfinite, rates)) else math.inf
        if most <= STABLE:
            return Advance(state, total, most, count)
        if math.isinf(most) or count > _MOST:
            raise SolverError(
                f"the solution grows beyond bounds in {count} steps",
                why=f"its Courant number is {most:.3g}",
                fix="take more points of the solver, or more viscosity",
            )
        count *= 2


def spans(times: Sequence[float], longest: float) -> Iterator[tuple[float, float, bool]]:
    """Lengths of the spans between instants, the longest step in each, and whether an instant is at its end.

    The first span is halved towards its beginning again and again, and each part gets some steps: the short waves of a
    rough beginning decay in no time, and what they dissipate must be added up while they do.

    Args:
        times: instants, ascending.
        longest: longest step.

    Example:
        >>> found = list(spans([0.0, 1.0, 1.5], 0.1))
        >>> sum(length for length, _, _ in found), found[-1]
        (1.5, (0.5, 0.1, True))
    """
    marks = [0.0, *(2.0**-j for j in range(_HALVINGS, -1, -1))]
    for number, (begin, end) in enumerate(pairwise(times)):
        for a, b in pairwise(marks if number == 0 else (0.0, 1.0)):
            length = (b - a) * (end - begin)
            yield length, longest if number else min(longest, length / _STEPS), b == 1.0


class March(NamedTuple):
    """What came of all instants.

    Args:
        states: at each of them.
        total: what the rates add up to between the first and the last.
        courant: largest Courant number.
        steps: steps in all.
    """

    states: Tensor
    total: Tensor
    courant: float
    steps: int


def march(
    equation: Semilinear, v: Complex[Tensor, "..."], times: Sequence[float], *, courant: float, longest: float
) -> March:
    """The states at some instants, from the first of them on.

    Args:
        equation: of the state.
        v: state at the first instant.
        times: instants, ascending.
        courant: Courant number that steps are chosen for.
        longest: longest step.

    Raises:
        SolverError: the state grows beyond bounds.

    Example:
        >>> decay = Semilinear(torch.tensor([-1.0]), tendency=lambda v: (0 * v, v.abs().sum()), speed=lambda v: 1.0)
        >>> still = march(decay, torch.tensor([1.0 + 0j]), [0.0, 0.1, 0.2], courant=1.0, longest=0.1)
        >>> bool((still.states[:, 0] - torch.exp(-torch.tensor([0.0, 0.1, 0.2]))).abs().max() < 1e-6)
        True
    """
    states, total, most, steps = [v], torch.zeros((), dtype=torch.float64), 0.0, 0
    for span, step, told in spans(times, longest):
        part = advance(equation, v, span, courant=courant, longest=step)
        v, total = part.state, total + part.total
        most, steps = max(most, part.courant), steps + part.steps
        if told:
            states.append(v)
    return March(torch.stack(states), total, most, steps)
