"""What the lift of a body does to the gas far away."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.compressible.gas import Conserved, Gas, Rows, dot


class Vortex(NamedTuple):
    r"""A point vortex with the circulation of the lift, in a stream of constant entropy and total enthalpy.

    .. math::
        v = v_\infty + \frac{\Gamma}{2 \pi} \frac{\beta \, (y, -x)}{x^2 + y^2 - M^2 (e \times x)^2}, \qquad
        \Gamma = \frac{1}{\rho_\infty |v_\infty|} \sum_f (p - p_\infty) \, S_f \cdot e_\perp, \qquad
        \beta^2 = 1 - M^2

    about the middle of the walls, with e along the stream: by the theorem of Kutta and Joukowski
    :math:`\Gamma = |v_\infty| \, c \, c_l / 2`. A body leaves such a swirl behind in all directions, weaker only as
    one over the distance; without it a far field is too near for its lift at less than hundreds of chords.

    Source: Thomas and Salas 1986, AIAA J. 24, 1074; in this form Blazek 2015, Computational Fluid Dynamics, chapter 8.

    Args:
        swirl: velocity over circulation at the outer faces, nought where none is wanted ``(..., outer, dim)``.
        lift: circulation over pressure at the outer faces, nought off the walls ``(..., outer)``.
        heat_ratio: :math:`\gamma`.
    """

    swirl: Float[Tensor, "*samples outer dim"]
    lift: Rows
    heat_ratio: float

    @classmethod
    def of(
        cls,
        center: Float[Tensor, "outer dim"],
        area: Float[Tensor, "outer dim"],
        *,
        walls: Int[Tensor, " _walls"],
        far: Int[Tensor, " _far"],
        stream: Gas,
        heat_ratio: float,
    ) -> Vortex:
        r"""The vortex of some walls, seen from some faces; differentiable in all but their numbers.

        Args:
            center: of the outer faces.
            area: out of the domain.
            walls: numbers of the faces whose lift it is.
            far: numbers of the faces that see it.
            stream: the undisturbed flow ``(..., 1)``.
            heat_ratio: :math:`\gamma`.

        Raises:
            ConfigError: a stream that is not slower than sound.
        """
        speed = dot(stream.velocity, stream.velocity).sqrt()
        mach2 = (speed / stream.sound_speed(heat_ratio)) ** 2
        if bool((mach2 >= 1).any()):
            raise ConfigError(
                f"mach is {float(mach2.max()) ** 0.5:.4g}, with the vortex of the lift on the far field",
                why="a stream that is not slower than sound carries none upstream",
                fix="give FarField() without vortex",
            )
        along = stream.velocity / speed[..., None]
        size = dot(area[walls], area[walls]).sqrt()
        x = center[far] - (size[:, None] * center[walls]).sum(0) / size.sum()
        spread = dot(x, x) - mach2 * (along[..., 0] * x[:, 1] - along[..., 1] * x[:, 0]) ** 2
        strength = (1 - mach2).sqrt() / (2 * math.pi * spread)
        swirl = strength[..., None] * torch.stack([x[:, 1], -x[:, 0]], -1)
        across = torch.stack([-along[..., 1], along[..., 0]], -1)
        lift = dot(area[walls], across) / (stream.density * speed)
        batch, outer = lift.shape[:-1], len(center)
        none = center.new_zeros((*batch, outer))
        full = none[..., None].expand(*none.shape, 2).index_copy(-2, far, swirl)
        return cls(full, none.index_copy(-1, walls, lift), heat_ratio)

    def circulation(self, pressure: Rows, far: Conserved) -> Float[Tensor, "*samples 1"]:
        r""":math:`\Gamma` of the pressure at the outer faces, clockwise.

        Args:
            pressure: ``(..., outer)``.
            far: density, velocity and pressure of the stream ``(..., outer, dim + 2)``.
        """
        return (self.lift * (pressure - far[..., -1])).sum(-1, keepdim=True)

    def around(self, far: Conserved, circulation: Rows) -> Conserved:
        r"""Density, velocity and pressure of the stream with the vortex.

        Args:
            far: those of the stream ``(..., outer, dim + 2)``.
            circulation: :math:`\Gamma` ``(..., 1)`` or ``(..., outer)``.
        """
        stream, ratio = Gas.unpacked(far), self.heat_ratio
        velocity = stream.velocity + circulation[..., None] * self.swirl
        gained = dot(stream.velocity, stream.velocity) - dot(velocity, velocity)
        warmth = 1 + (ratio - 1) / 2 * gained / stream.sound_speed(ratio) ** 2
        density = stream.density * warmth ** (1 / (ratio - 1))
        return Gas(density, velocity, stream.pressure * warmth ** (ratio / (ratio - 1))).packed()
