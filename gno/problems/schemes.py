"""Steps in time of linear equations on finite elements, whose energy is accounted for to rounding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from gno.problems.elements import factored

Inner = Float[np.ndarray, " inner"]
"""Values at the inner nodes."""


class March(NamedTuple):
    """A solution at all instants, at the inner nodes.

    Args:
        states: ``(fields, instants, inner)``.
        balance: energy that is not accounted for, over that of the beginning.
    """

    states: np.ndarray
    balance: float


@dataclass(frozen=True, eq=False)
class Scheme(ABC):
    """A linear equation, ready to be solved.

    Args:
        mass: matrix of mass.
        still: fields at all nodes that stand still beside the solution, by name.
    """

    order: ClassVar[int] = 2

    mass: csr_array
    still: Mapping[str, np.ndarray] = field(default_factory=dict, kw_only=True)

    @abstractmethod
    def march(self, u0: Inner, dt: float, *, instants: int, substeps: int) -> March:
        """The solution at equal instants.

        Args:
            u0: the first of them.
            dt: length of a step.
            instants: their number.
            substeps: steps between two of them.
        """


@dataclass(frozen=True, eq=False)
class CrankNicolson(Scheme):
    r"""What diffuses, and is perhaps carried along.

    .. math::
        M \dot u + (C + K) u = 0, \qquad M \frac{u^{n+1} - u^n}{\Delta t} = -(C + K) \bar u, \quad
        \bar u = \tfrac12 (u^{n+1} + u^n)

    With a skew ``C`` the energy :math:`\frac12 u^T M u` falls by :math:`\Delta t \, \bar u^T K \bar u` in a step.

    Source: Crank and Nicolson 1947, https://doi.org/10.1017/S0305004100023197.

    Args:
        mass: ``M``.
        loss: ``K``, symmetric.
        convection: ``C``, skew; none without it.
        still: as of ``Scheme``.
    """

    loss: csr_array
    convection: csr_array | None = None

    def march(self, u0: Inner, dt: float, *, instants: int, substeps: int) -> March:
        """As of ``Scheme``."""
        mass, loss = self.mass, self.loss
        change = loss if self.convection is None else loss + self.convection
        factor, explicit = factored(mass + 0.5 * dt * change), mass - 0.5 * dt * change
        u, states, lost = u0, [u0], 0.0
        for _ in range(instants - 1):
            for _ in range(substeps):
                before, u = u, factor.solve(explicit @ u)
                middle = 0.5 * (before + u)
                lost += dt * float(middle @ (loss @ middle))
            states.append(u)
        first, last = (0.5 * float(v @ (mass @ v)) for v in (u0, u))
        return March(np.stack(states)[None], abs(first - last - lost) / first)


@dataclass(frozen=True, eq=False)
class Newmark(Scheme):
    r"""What swings, from rest, by the mean acceleration of each step.

    .. math::
        M \ddot u + K u = 0, \qquad M \frac{v^{n+1} - v^n}{\Delta t} = -K \bar u, \quad
        \frac{u^{n+1} - u^n}{\Delta t} = \bar v

    The energy :math:`\frac12 v^T M v + \frac12 u^T K u` stays. The fields are ``u`` and ``v``.

    Source: Newmark 1959, J. Eng. Mech. Div. 85(3), 67, with beta 1/4 and gamma 1/2.

    Args:
        mass: ``M``.
        spring: ``K``, symmetric.
        still: as of ``Scheme``.
    """

    spring: csr_array

    def march(self, u0: Inner, dt: float, *, instants: int, substeps: int) -> March:
        """As of ``Scheme``."""
        mass, spring = self.mass, self.spring
        factor, explicit = factored(mass + dt**2 / 4 * spring), mass - dt**2 / 4 * spring
        u, v = u0, np.zeros_like(u0)
        states = [(u, v)]
        for _ in range(instants - 1):
            for _ in range(substeps):
                after = factor.solve(explicit @ v - dt * (spring @ u))
                u, v = u + 0.5 * dt * (v + after), after
            states.append((u, v))
        first, last = (0.5 * float(b @ (mass @ b) + a @ (spring @ a)) for a, b in (states[0], states[-1]))
        return March(np.stack(states, axis=1), abs(first - last) / first)
