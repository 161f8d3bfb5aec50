"""Friction and conduction of heat in a gas whose flow is laminar."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.compressible.gas import Conserved, Gas, Rows, dot

Slopes = Float[Tensor, "*samples _rows values dim"]
"""Gradients of velocity and temperature: ``dim + 1`` values."""


@dataclass(frozen=True, eq=False)
class Laminar:
    r"""Newton's stress and Fourier's flux of heat.

    .. math::
        \tau = \mu \left( \nabla v + \nabla v^T - \tfrac23 \nabla \cdot v \right), \qquad
        q = -\frac{\mu}{(\gamma - 1) \mathrm{Pr}} \nabla T, \qquad
        \frac{\mu}{\mu_\infty} = 1 \;\text{ or }\; T^{3/2} \, \frac{1 + S}{T + S}

    with the temperature :math:`T = \gamma p / \rho` over that of the free stream, in units in which density and speed
    of sound there are one.

    Source: Blazek 2015, Computational Fluid Dynamics, section 2.2; White 2006, Viscous Fluid Flow, equation 1-36.

    Args:
        prandtl: Pr.
        sutherland: S, Sutherland's temperature over that of the free stream (for air 110.4 K over it); the viscosity is
            the same everywhere without it.
        length: that the Reynolds number refers to; the chord without it.

    Raises:
        ConfigError: a number that is not larger than 0.

    Example:
        >>> import torch
        >>> temperature = torch.tensor([1.0, 4.0], dtype=torch.float64)
        >>> Laminar(sutherland=0.4).viscosity(temperature).round(decimals=3).tolist()
        [1.0, 2.545]
    """

    prandtl: float = 0.72
    sutherland: float | None = None
    length: float | None = None

    def __post_init__(self) -> None:
        for name in ("prandtl", "sutherland", "length"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {value}", why="it is larger than 0")

    def viscosity(self, temperature: Rows) -> Rows:
        """Over that of the free stream.

        Args:
            temperature: so as well.
        """
        if self.sutherland is None:
            return torch.ones_like(temperature)
        return temperature**1.5 * (1 + self.sutherland) / (temperature + self.sutherland)

    def stress(
        self, gas: Gas, slope: Slopes, area: Float[Tensor, "_rows dim"], heat_ratio: float, viscosity: Rows
    ) -> tuple[Float[Tensor, "*samples _rows dim"], Rows]:
        r"""What friction pulls with through areas, :math:`\tau S`, and the heat that flows through, :math:`q \cdot S`.

        Args:
            gas: where the areas are.
            slope: of velocity and temperature there.
            area: ``S (rows, dim)``.
            heat_ratio: :math:`\gamma`.
            viscosity: of the free stream ``(..., 1)``.
        """
        own = viscosity * self.viscosity(heat_ratio * gas.pressure / gas.density)
        of_velocity, of_heat = slope[..., :-1, :], slope[..., -1, :]
        spread = of_velocity.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None]
        pull = ((of_velocity + of_velocity.mT) * area[:, None]).sum(-1) - 2 / 3 * spread * area
        return own[..., None] * pull, -own / ((heat_ratio - 1) * self.prandtl) * dot(of_heat, area)

    def flux(
        self, gas: Gas, slope: Slopes, area: Float[Tensor, "_rows dim"], heat_ratio: float, viscosity: Rows
    ) -> Conserved:
        r"""Of mass, momentum and energy through areas: :math:`(0, -\tau S, -v \cdot \tau S + q \cdot S)`.

        Args:
            gas: as of ``stress``, and so for the others.
            slope: of velocity and temperature.
            area: ``S``.
            heat_ratio: :math:`\gamma`.
            viscosity: of the free stream.
        """
        pull, heat = self.stress(gas, slope, area, heat_ratio, viscosity)
        return torch.cat([0 * heat[..., None], -pull, (heat - dot(gas.velocity, pull))[..., None]], -1)

    def held(
        self, gas: Gas, there: Gas, stiffness: Float[Tensor, " _rows"], heat_ratio: float, viscosity: Rows
    ) -> Conserved:
        r"""What friction and heat add to a flux where the gas on the other side is given: it holds them to that.

        .. math::
            \mu s \left( 0, \;\; v - v', \;\;
            v \cdot (v - v') + \frac{1}{(\gamma - 1) \mathrm{Pr}} (T - T') \right)

        With :math:`s = |S|^2 / V` the gas at the node is that on the other side, up to the square of the edges.

        Args:
            gas: at the node.
            there: on the other side.
            stiffness: ``s``.
            heat_ratio: :math:`\gamma`.
            viscosity: of the free stream ``(..., 1)``.
        """
        jump = moving(gas, heat_ratio) - moving(there, heat_ratio)
        own = viscosity * self.viscosity(heat_ratio * gas.pressure / gas.density) * stiffness
        pull = own[..., None] * jump[..., :-1]
        heat = own / ((heat_ratio - 1) * self.prandtl) * jump[..., -1] + dot(gas.velocity, pull)
        return torch.cat([0 * heat[..., None], pull, heat[..., None]], -1)

    def diffusivity(self, gas: Gas, heat_ratio: float, viscosity: Rows) -> Rows:
        r"""The larger of those of momentum and of heat, :math:`\max(4/3, \gamma / \mathrm{Pr}) \, \mu / \rho`.

        Args:
            gas: at the nodes.
            heat_ratio: :math:`\gamma`.
            viscosity: of the free stream ``(..., 1)``.
        """
        own = viscosity * self.viscosity(heat_ratio * gas.pressure / gas.density)
        return max(4 / 3, heat_ratio / self.prandtl) * own / gas.density


def between(at_p: Tensor, at_n: Tensor, slope_p: Slopes, slope_n: Slopes, along: Float[Tensor, "inner dim"]) -> Slopes:
    r"""Gradients at the middles of edges: the means of those at both ends, and along the edge the difference itself.

    .. math::
        \nabla q = \bar G + \left( q_N - q_P - \bar G \cdot d \right) \frac{d}{|d|^2}

    The mean alone does not see what changes its sign from node to node.

    Source: Blazek 2015, Computational Fluid Dynamics, equation 5.73.

    Args:
        at_p: values at the owner ``(..., inner, values)``.
        at_n: at the neighbor.
        slope_p: gradients at the owner.
        slope_n: at the neighbor.
        along: ``d``, from the owner to the neighbor.

    Example:
        >>> zero, d = torch.zeros(1, 1), torch.tensor([[2.0, 0.0]])
        >>> between(zero, zero + 4, torch.ones(1, 1, 2), torch.ones(1, 1, 2), d).tolist()
        [[[2.0, 1.0]]]
    """
    mean, way = (slope_p + slope_n) / 2, along[:, None]
    missed = at_n - at_p - (mean * way).sum(-1)
    return mean + missed[..., None] * (way / dot(along, along)[:, None, None])


def moving(gas: Gas, heat_ratio: float) -> Float[Tensor, "*samples _rows values"]:
    r"""Velocity and temperature, as columns: what friction and heat flow against.

    Args:
        gas: at the nodes.
        heat_ratio: :math:`\gamma`.
    """
    return torch.cat([gas.velocity, (heat_ratio * gas.pressure / gas.density)[..., None]], -1)
