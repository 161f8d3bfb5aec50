"""Gradients of a scalar over the neighbors of a cell and the conditions at it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern
from gno.fv.reconstruction.least_squares import coefficients, inner_directions
from gno.fv.transport.advected import Reach
from gno.fv.transport.exchange import Exchange
from gno.fv.volumes.geometry import Geometry


class Slopes(NamedTuple):
    r"""Gradients by least squares.

    .. math::
        \nabla u_P = \sum_N C_{PN} (u_N - u_P) + \sum_b C_b \left( \gamma_b - (1 - \beta_b) u_P \right)

    Args:
        at_p: coefficient of the owner at each inner face ``(inner, dim)``.
        at_n: of the neighbor ``(inner, dim)``.
        at_outer: ``(outer, dim)``.
    """

    at_p: Float[Tensor, "inner dim"]
    at_n: Float[Tensor, "inner dim"]
    at_outer: Float[Tensor, "outer dim"]

    @classmethod
    def of(cls, geometry: Geometry, outer: Exchange, diffusivity: Float[Tensor, " cells"]) -> Slopes:
        """The gradients of a field that bends where the diffusivity jumps.

        Args:
            geometry: of cells.
            outer: the outer faces.
            diffusivity: D.

        Raises:
            SolverError: a cell whose neighbors and conditions do not determine a gradient.
        """
        inner = geometry.num_inner
        # where nothing diffuses no flux says how a field bends across a jump of the diffusivity
        directions = inner_directions(geometry, diffusivity if bool((diffusivity > 0).all()) else None)
        rows = torch.cat([*directions, outer.weight[:, None] * outer.direction])
        cell = torch.cat([geometry.owner[:inner], geometry.neighbor, geometry.owner[inner:]])
        at_p, at_n, at_outer = coefficients(cell, rows, len(geometry.volume)).tensor_split([inner, 2 * inner])
        return cls(at_p, at_n, at_outer * outer.weight[:, None])

    def reach(self, geometry: Geometry) -> tuple[Reach, Reach]:
        """What owner and neighbor see of the inner faces."""
        along = geometry.along
        share_p, share_n = (self.at_p * along).sum(1), -(self.at_n * along).sum(1)
        from_p = Reach(geometry.to_owner[: geometry.num_inner], along, share_p)
        return from_p, Reach(-geometry.to_neighbor, -along, share_n)

    def outer_reach(self, outer: Exchange) -> Reach:
        """What cells see of the outer faces."""
        return Reach(outer.to_face, outer.to_face, (self.at_outer * outer.to_face).sum(1))

    def on(self, stencil: SparsePattern, geometry: Geometry, outer: Exchange) -> Float[Tensor, "entries 1 dim"]:
        """The linear part on the pairs of neighbors."""
        p, n, b = geometry.owner[: geometry.num_inner], geometry.neighbor, geometry.owner[geometry.num_inner :]
        position = stencil.find(torch.cat([p, n, p, n, b]), torch.cat([n, p, p, n, b]))
        own = -(1 - outer.beta)[:, None] * self.at_outer
        values = torch.cat([self.at_p, self.at_n, -self.at_p, -self.at_n, own])
        return stencil.values(values, position, dim=0)[:, None, :]

    def offset(self, geometry: Geometry, outer: Exchange) -> Float[Tensor, "cells 1 dim"]:
        """What the conditions add."""
        terms = outer.gamma[:, None] * self.at_outer
        total = torch.zeros_like(geometry.centroid).index_add(0, geometry.owner[geometry.num_inner :], terms)
        return total[:, None]
