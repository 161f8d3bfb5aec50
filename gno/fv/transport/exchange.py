"""Outer faces of a scalar in a flow, whatever holds on them, in one form."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.boundary.outer import Outer
from gno.fv.volumes.geometry import Geometry

WEAKEST = 1e-3
"""Least weight of a condition where a flow leaves: corner cells have no other hold for their gradient."""


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
        cls, geometry: Geometry, held: Outer, diffusivity: Float[Tensor, " cells"], mass: Float[Tensor, " faces"]
    ) -> Exchange:
        """The outer faces of a mesh.

        Args:
            geometry: of cells.
            held: the conditions.
            diffusivity: ``D``.
            mass: what flows through each face out of its owner.
        """
        outer = slice(geometry.num_inner, None)
        depth, size, normal = geometry.depth[outer], geometry.size[outer], geometry.normal[outer]
        k, to_face = diffusivity[geometry.owner[outer]] / depth, geometry.to_owner[outer]
        both = k + held.transfer
        some = both > 0  # without diffusion and transfer the value is that of the cell
        safe = torch.where(some, both, 1.0)
        beta = torch.where(held.given, 0.0, torch.where(some, k / safe, 1.0))
        gamma = torch.where(held.given, held.value, (held.flux + held.transfer * held.value) / safe)
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
