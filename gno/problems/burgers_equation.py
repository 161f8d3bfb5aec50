"""Burgers' equation on the circle, solved with spectral accuracy."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Complex, Float
from torch import Tensor

from gno.problems.fourier import Modes
from gno.problems.lawson import Semilinear, march

LONGEST = 0.01
"""Longest step."""


class Solved(NamedTuple):
    """The way of ``u`` in time.

    Args:
        u: coefficients at each instant, ``(instants, n / 2 + 1)``.
        balance: by how much energy is not accounted for, relative to the largest part of its budget.
    """

    u: Tensor
    balance: float


class BurgersEquation:
    r"""Burgers' equation without aliasing, so that the transport changes no energy :math:`E = \frac12 \int u^2`.

    .. math::
        \partial_t u + \partial_x (u^2 / 2) = \nu \, \partial_{xx} u, \qquad
        \dot E = -\nu \int (\partial_x u)^2

    Args:
        points: points of the grid.
        viscosity: :math:`\nu`.
        courant: Courant number that steps are chosen for.

    Example:
        >>> import torch
        >>> equation = BurgersEquation(32, viscosity=0.1)
        >>> u0 = equation.modes.transform(torch.cos(2 * torch.pi * torch.arange(32) / 32).double())
        >>> found = equation.evolve(u0, [0.0, 0.5])
        >>> bool(found.u[1].abs().max() < u0.abs().max()), found.balance < 1e-5
        (True, True)
    """

    def __init__(self, points: int, *, viscosity: float, courant: float = 0.8) -> None:
        self.modes, self.viscosity, self.courant = Modes(points, 1), viscosity, courant
        self._derivative = 1j * self.modes.k[0]

    def evolve(self, u0: Complex[Tensor, "half"], times: list[float]) -> Solved:
        """The solution at all times.

        Args:
            u0: coefficients at the first of them, of any number of points.
            times: ascending.

        Raises:
            SolverError: the values grow beyond bounds.
        """
        equation = Semilinear(-self.viscosity * self.modes.square, self._tendency, self._speed)
        found = march(equation, self.modes.taken_from(u0), times, courant=self.courant, longest=LONGEST)
        lost = float(found.total)
        change = 0.5 * float(self.modes.mean_square(found.states[-1]) - self.modes.mean_square(found.states[0]))
        return Solved(found.states, abs(change + lost) / max(abs(change), lost, 1e-300))

    def _speed(self, u: Tensor) -> float:
        return float(self.modes.values(u).abs().max()) * self.modes.points

    def _tendency(self, u: Complex[Tensor, "half"]) -> tuple[Complex[Tensor, "half"], Float[Tensor, ""]]:
        """Transport, and dissipation."""
        change = -0.5 * self._derivative * self.modes.transform(self.modes.values(u) ** 2)
        return change, self.viscosity * self.modes.mean_square(self._derivative * u)
