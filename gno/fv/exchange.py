"""Conditions of a scalar on outer faces, all in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.conditions import Dirichlet, Neumann, Robin, Symmetry
from gno.fv.geometry import Geometry
from gno.fv.values import scalars

WEAKEST = 1e-3
"""Least weight of a condition where a flow leaves: corner cells have no other hold for their gradient."""


class Given(NamedTuple):
    r"""Conditions on each outer face: :math:`D \, \partial u / \partial n = q + h (g - u)`, or :math:`u = g`.

    Args:
        value: ``g (outer,)``.
        flux: ``q (outer,)``.
        transfer: ``h (outer,)``.
        fixed: 1 where :math:`u = g`, else 0 ``(outer,)``.
    """

    value: Float[Tensor, " outer"]
    flux: Float[Tensor, " outer"]
    transfer: Float[Tensor, " outer"]
    fixed: Float[Tensor, " outer"]


def given_on(geometry: Geometry, patches: Mapping[str, Tensor], held: Mapping[str, Any]) -> Given:
    """The conditions on all outer faces, with gradients into their values.

    Args:
        geometry: of cells.
        patches: name to rows among all faces.
        held: patch to condition.

    Raises:
        ConfigError: values that do not fit, a negative transfer, or a condition that is none of a scalar.
    """
    parts = [_given(condition, geometry.center[patches[name]], name) for name, condition in held.items()]
    if not parts:
        return Given(*[geometry.volume[:0]] * 4)
    order = torch.argsort(torch.cat([patches[name] for name in held]))
    return Given(*(torch.cat(columns)[order] for columns in zip(*parts)))


class Exchange(NamedTuple):
    r"""Outer faces: their value is an affine map of the value and the gradient in the cell.

    .. math::
        u_b = \beta (u_P - \nabla u_P \cdot s) + \gamma, \qquad
        \beta = \frac{k}{k + h}, \quad \gamma = \frac{q + h g}{k + h}, \quad k = \frac{D}{\delta}

    with the distance :math:`\delta` of P from the plane of the face and
    :math:`s = \delta n - (x_f - x_P)` within it. A given value has :math:`\beta = 0` and :math:`\gamma = g`, the limit
    of large h.

    Args:
        beta: ``(outer,)``.
        gamma: ``(outer,)``.
        conductance: ``k |S| (outer,)``.
        to_face: :math:`x_f - x_P` ``(outer, dim)``.
        slide: ``s (outer, dim)``.
        direction: along which the condition gives a derivative ``(outer, dim)``.
        weight: of that derivative in the gradient of the cell ``(outer,)``: small where a flow that outweighs diffusion
            leaves, for what is given there is not felt inside.
    """

    beta: Float[Tensor, " outer"]
    gamma: Float[Tensor, " outer"]
    conductance: Float[Tensor, " outer"]
    to_face: Float[Tensor, "outer dim"]
    slide: Float[Tensor, "outer dim"]
    direction: Float[Tensor, "outer dim"]
    weight: Float[Tensor, " outer"]

    @classmethod
    def of(
        cls, geometry: Geometry, given: Given, diffusivity: Float[Tensor, " cells"], mass: Float[Tensor, " faces"]
    ) -> Exchange:
        """The outer faces of a mesh.

        Args:
            geometry: of cells.
            given: the conditions.
            diffusivity: ``D``.
            mass: what flows through each face out of its owner.
        """
        outer = slice(geometry.num_inner, None)
        depth, size, normal = geometry.depth[outer], geometry.size[outer], geometry.normal[outer]
        k, to_face = diffusivity[geometry.owner[outer]] / depth, geometry.to_owner[outer]
        both = k + given.transfer
        some = both > 0  # without diffusion and transfer the value is that of the cell
        safe, free = torch.where(some, both, 1.0), 1 - given.fixed
        beta = free * torch.where(some, k / safe, 1.0)
        gamma = torch.where(given.fixed > 0, given.value, (given.flux + given.transfer * given.value) / safe)
        along_normal = depth[:, None] * normal
        direction = beta[:, None] * along_normal + (1 - beta)[:, None] * to_face
        return cls(beta, gamma, k * size, to_face, along_normal - to_face, direction, _weight(k * size, mass[outer]))

    def value(self, u: Tensor, gradient: Tensor) -> Tensor:
        """:math:`u_b (..., outer, 1)` for values and gradients of the cells."""
        sliding = (gradient * self.slide[:, None, :]).sum(-1)
        return self.beta[:, None] * (u - sliding) + self.gamma[:, None]


def _weight(conductance: Tensor, mass: Tensor) -> Tensor:
    r""":math:`1 / (1 + Pe^2)` with the Peclet number of what leaves."""
    tiny = torch.finfo(mass.dtype).tiny
    diffused, carried = conductance**2 + tiny, mass.clamp(min=0) ** 2
    return WEAKEST + diffused / (diffused + carried)


def _given(condition: Any, points: Tensor, name: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    what, zero = f"patch {name!r}", points.new_zeros(len(points))
    if isinstance(condition, Dirichlet):
        return scalars(condition.value, points, what), zero, zero, zero + 1
    if isinstance(condition, Neumann):
        return zero, scalars(condition.flux, points, what), zero, zero
    if isinstance(condition, Symmetry):
        return zero, zero, zero, zero
    if not isinstance(condition, Robin):
        raise ConfigError(
            f"{what} has the condition {type(condition).__name__}",
            why="a scalar takes Dirichlet, Neumann, Robin, Symmetry or Periodic",
        )
    transfer = scalars(condition.transfer, points, f"the transfer of {what}")
    if bool((transfer < 0).any()):
        raise ConfigError(f"the transfer of {what} is {float(transfer.min()):.6g}", why="it must be positive or zero")
    return scalars(condition.value, points, what), zero, transfer, zero
