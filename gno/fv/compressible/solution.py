"""The flow of a gas, as the solver returns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.compressible.gas import Gas, Rows, dot
from gno.fv.incompressible.drag import Coefficients
from gno.fv.nonlinear.report import Report
from gno.fv.volumes.patches import check_patch

Part = Literal["all", "pressure", "friction"]
"""Of a force."""


@dataclass(frozen=True, eq=False)
class CompressibleFlow:
    """Density, velocity and pressure at the nodes, and what comes of them; with one more axis in front for samples.

    Args:
        density: ``(..., nodes)``.
        velocity: ``(..., nodes, dim)``.
        pressure: ``(..., nodes)``.
        stream: the undisturbed flow, one row ``(..., 1)``.
        heat_ratio: of specific heats.
        chord: length that forces refer to.
        report: how the solution went.
        area: of the outer faces ``(outer, dim)``, out of the domain.
        node: at which each outer face lies ``(outer,)``.
        walls: patch to its rows among the outer faces, of the patches that forces act on.
        viscosity: of the free stream ``(..., 1)``; nothing without friction.
        friction: what it pulls each outer face with ``(..., outer, dim)``; so as well.
    """

    density: Rows
    velocity: Float[Tensor, "*samples nodes dim"]
    pressure: Rows
    stream: Gas
    heat_ratio: float
    chord: float
    report: Report
    area: Float[Tensor, "outer dim"] = field(repr=False)
    node: Int[Tensor, " outer"] = field(repr=False)
    walls: Mapping[str, Int[Tensor, " _rows"]] = field(repr=False)
    viscosity: Rows | None = None
    friction: Float[Tensor, "*samples outer dim"] | None = field(default=None, repr=False)

    @property
    def gas(self) -> Gas:
        """Density, velocity and pressure together."""
        return Gas(self.density, self.velocity, self.pressure)

    @property
    def state(self) -> Float[Tensor, "*samples nodes components"]:
        """Density, momentum and total energy ``(..., nodes, dim + 2)``."""
        return self.gas.conserved(self.heat_ratio)

    @property
    def energy(self) -> Rows:
        """Total energy per unit of volume ``(..., nodes)``."""
        return self.gas.energy(self.heat_ratio)

    @property
    def mach(self) -> Rows:
        """Speed over the speed of sound ``(..., nodes)``."""
        return dot(self.velocity, self.velocity).sqrt() / self.gas.sound_speed(self.heat_ratio)

    @property
    def dynamic_pressure(self) -> Rows:
        r""":math:`q_\infty = \rho_\infty |v_\infty|^2 / 2` ``(..., 1)``."""
        return self.stream.density * dot(self.stream.velocity, self.stream.velocity) / 2

    @property
    def cp(self) -> Rows:
        r"""Pressure coefficient :math:`(p - p_\infty) / q_\infty` ``(..., nodes)``; ``wall`` says which lie on one."""
        return (self.pressure - self.stream.pressure) / self.dynamic_pressure

    @property
    def critical_cp(self) -> Float[Tensor, "*samples 1"]:
        r"""Pressure coefficient where the gas is as fast as sound.

        .. math::
            c_p^* = \frac{2}{\gamma M_\infty^2} \left( \left( \frac{2 + (\gamma - 1) M_\infty^2}{\gamma + 1}
            \right)^{\gamma / (\gamma - 1)} - 1 \right)

        Source: Anderson 2003, Modern Compressible Flow, chapter 9.
        """
        heat, mach2 = self.heat_ratio, dot(self.stream.velocity, self.stream.velocity)
        mach2 = mach2 / self.stream.sound_speed(heat) ** 2
        ratio = (2 + (heat - 1) * mach2) / (heat + 1)
        return 2 / (heat * mach2) * (ratio ** (heat / (heat - 1)) - 1)

    def wall(self, patch: str) -> Int[Tensor, " nodes"]:
        """Numbers of the nodes on a wall, each once.

        Args:
            patch: its name.

        Raises:
            ConfigError: an unknown patch, which lists the walls.
        """
        check_patch(patch, self.walls)
        return self.node[self.walls[patch]].unique()

    def skin_friction(self, patch: str) -> Float[Tensor, "*samples nodes dim"]:
        r"""What friction pulls the nodes of a wall with, over area and :math:`q_\infty`: :math:`-\tau n / q_\infty`.

        Along a wall its size is the coefficient of skin friction :math:`c_f`, and its direction that of the flow.

        Args:
            patch: its name; nodes are those of ``wall``.

        Raises:
            ConfigError: an unknown patch, which lists the walls, or a gas without friction.
        """
        check_patch(patch, self.walls)
        if self.friction is None:
            raise ConfigError("the gas has no friction", fix="give viscous=Laminar() to the solver")
        node, place = self.node[self.walls[patch]].unique(return_inverse=True)
        area = dot(self.area, self.area).sqrt()[self.walls[patch]]
        pulled = self.friction[..., self.walls[patch], :]
        nothing = pulled.new_zeros(*pulled.shape[:-2], len(node), pulled.shape[-1])
        whole = area.new_zeros(len(node)).index_add(0, place, area)
        return nothing.index_add(-2, place, pulled) / whole[:, None] / self.dynamic_pressure[..., None]

    def force(self, patch: str, part: Part = "all") -> Float[Tensor, "*samples dim"]:
        r"""On a wall, of friction and the pressure beyond that of the undisturbed flow.

        .. math::
            F = \sum_f \left( (p - p_\infty) S_f - \tau S_f \right)

        What friction pulls with is what is missed in the balances of momentum at the nodes of the wall, so that the
        force is exactly what the flow loses.

        Args:
            patch: its name.
            part: ``all``, or that of the ``pressure`` or the ``friction`` alone.

        Raises:
            ConfigError: an unknown patch, which lists the walls.
        """
        check_patch(patch, self.walls)
        rows = self.walls[patch]
        pushed = (self.pressure - self.stream.pressure)[..., self.node[rows]]
        of_pressure = (pushed[..., None] * self.area[rows]).sum(-2)
        of_friction = 0 * of_pressure if self.friction is None else self.friction[..., rows, :].sum(-2)
        return {"all": of_pressure + of_friction, "pressure": of_pressure, "friction": of_friction}[part]

    def coefficients(self, patch: str, part: Part = "all") -> Coefficients:
        r"""Drag and lift of a wall over :math:`q_\infty` and the chord, in the axes of the wind.

        Args:
            patch: its name.
            part: as of ``force``.

        Raises:
            ConfigError: an unknown patch, which lists the walls.
        """
        velocity = self.stream.velocity[..., 0, :]
        along = velocity / dot(velocity, velocity).sqrt()[..., None]
        across = torch.cat([-along[..., 1:2], along[..., :1], 0 * along[..., 2:]], -1)
        force = self.force(patch, part) / (self.dynamic_pressure * self.chord)
        return Coefficients(dot(force, along), dot(force, across))

    @property
    def forces(self) -> dict[str, Coefficients]:
        """Drag and lift of each wall.

        Raises:
            ConfigError: there is no wall.
        """
        if not self.walls:
            raise ConfigError("there is no wall", why="forces act on patches with the condition Slip or NoSlip")
        return {patch: self.coefficients(patch) for patch in self.walls}

    @property
    def cl(self) -> Float[Tensor, "*samples"]:
        """Lift coefficient of all walls together."""
        return torch.stack([of.cl for of in self.forces.values()]).sum(0)

    @property
    def cd(self) -> Float[Tensor, "*samples"]:
        """Drag coefficient of all walls together."""
        return torch.stack([of.cd for of in self.forces.values()]).sum(0)
