"""Two-dimensional flow on the torus by its vorticity, with spectral accuracy."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from gno.problems.fourier import Modes
from gno.problems.lawson import Semilinear, march

LONGEST = 0.1
"""Longest step: the force and the eddies change over times of about 1."""


class Evolution(NamedTuple):
    """The way of a flow in time.

    Args:
        vorticity: coefficients at each instant, ``(instants, n, n / 2 + 1)``.
        balance: by how much enstrophy is not accounted for, relative to the largest part of its budget.
        courant: largest Courant number of a step.
        steps: steps in all.
    """

    vorticity: Tensor
    balance: float
    courant: float
    steps: int


class VorticityEquation:
    r"""Navier-Stokes equations for the vorticity ``w`` of a flow ``v`` on the unit torus.

    .. math::
        \partial_t w + v \cdot \nabla w = \nu \Delta w + f, \qquad v = (\partial_y \psi, -\partial_x \psi), \;
        -\Delta \psi = w

    Pseudo-spectral, without aliasing, so that the transport changes no enstrophy :math:`Z = \frac12 \int w^2`:

    .. math::
        \dot Z = \int f w - \nu \int |\nabla w|^2

    Args:
        points: points of the grid along each axis.
        viscosity: :math:`\nu`.
        force: coefficients of ``f``.
        courant: Courant number that steps are chosen for.

    Example:
        >>> flow = VorticityEquation(16, viscosity=0.1)
        >>> x = torch.arange(16).double() / 16
        >>> wave = flow.modes.transform(torch.sin(2 * torch.pi * x)[:, None].expand(16, 16))
        >>> found = flow.evolve(wave, [0.0, 0.5])  # a single wave only decays
        >>> rate = torch.exp(torch.tensor(-0.05 * (2 * torch.pi) ** 2))
        >>> bool((found.vorticity[1] - rate * wave).abs().max() < 1e-6)
        True
    """

    def __init__(
        self,
        points: int,
        *,
        viscosity: float,
        force: Complex[Tensor, "n half"] | None = None,
        courant: float = 0.8,
    ) -> None:
        self.modes, self.viscosity, self.courant = Modes(points, 2), viscosity, courant
        square = self.modes.square
        self._force = torch.zeros_like(square) + 0j if force is None else self.modes.taken_from(force)
        inverse = torch.where(square > 0, 1 / square, 0.0)
        self._curl = torch.stack([1j * self.modes.k[1] * inverse, -1j * self.modes.k[0] * inverse])
        self._gradient = 1j * self.modes.k

    def velocity(self, w: Complex[Tensor, "... n half"]) -> Complex[Tensor, "... 2 n half"]:
        """Coefficients of the velocity."""
        return self._curl * w.unsqueeze(-3)

    def evolve(self, w: Complex[Tensor, "n half"], times: list[float]) -> Evolution:
        """The flow at all times.

        Args:
            w: coefficients of the vorticity at the first of them.
            times: ascending.

        Raises:
            SolverError: the flow is not resolved: its values grow beyond bounds.
        """
        equation = Semilinear(-self.viscosity * self.modes.square, self._tendency, self._speed)
        found = march(equation, w * self.modes.kept, times, courant=self.courant, longest=LONGEST)
        change = 0.5 * float(self.modes.mean_square(found.states[-1]) - self.modes.mean_square(found.states[0]))
        work, dissipation = found.total.tolist()
        missing = abs(change - (work - dissipation))
        balance = missing / max(abs(change), abs(work), abs(dissipation), 1e-300)
        return Evolution(found.states, balance, found.courant, found.steps)

    def courant_numbers(self, w: Complex[Tensor, "... n half"]) -> Float[Tensor, "..."]:
        """Courant number of a step of length 1 from each state."""
        return self.modes.values(self.velocity(w)).abs().sum(dim=-3).amax(dim=(-2, -1)) * self.modes.points

    def transport(self, w: Complex[Tensor, "... n half"]) -> Complex[Tensor, "... n half"]:
        r"""Coefficients of :math:`-v \cdot \nabla w`."""
        along = torch.cat([self._curl, self._gradient]) * w.unsqueeze(-3)
        u, v, along_x, along_y = self.modes.values(along).unbind(-3)
        return -self.modes.transform(u * along_x + v * along_y)

    def _speed(self, w: Tensor) -> float:
        return float(self.courant_numbers(w))

    def _tendency(self, w: Complex[Tensor, "n half"]) -> tuple[Complex[Tensor, "n half"], Float[Tensor, "2"]]:
        """Transport and force; work of the force, and dissipation."""
        change = self._force + self.transport(w)
        dissipation = self.viscosity * self.modes.mean_square(self._gradient * w).sum()
        return change, torch.stack([self.modes.mean_product(self._force, w), dissipation])
