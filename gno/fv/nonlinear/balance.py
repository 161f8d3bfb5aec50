"""Balances of cells: what flows through the faces against what is made inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern
from gno.fv.nonlinear.jacobian import Assembly, Blocks, local_derivatives

State = Float[Tensor, "*samples _rows components"]
Slope = Float[Tensor, "*samples _rows _values dim"]
Theta = Any
"""What ``prepare`` makes of the parameters."""


class Balance(ABC):
    r"""A system of conservation laws on the cells of a mesh, with its exact Jacobian.

    .. math::
        R_i(U) = \sum_f \pm F_f(U_P, U_N, G_P, G_N) + \sum_b F_b(U_P, G_P) - S_i(U_i, G_i),
        \qquad G_i = \sum_j c_{ij} \phi(U_j) + g_i

    A child says what the fluxes are, and of what values :math:`\phi` the gradients are taken; each of its
    functions acts on all faces, or cells, at once, and on every one by itself. Leading axes of the state count samples
    on the same mesh.

    Args:
        owner: owner of each face ``(faces,)``; the inner faces come first.
        neighbor: neighbor of each inner face ``(inner,)``.
        num_cells: number of cells.
        components: unknowns of a cell.
        stencil: the cells whose values the gradient of each cell takes; without it the gradients have no axis.
    """

    def __init__(
        self,
        owner: Int[Tensor, " faces"],
        neighbor: Int[Tensor, " inner"],
        *,
        num_cells: int,
        components: int,
        stencil: SparsePattern | None = None,
    ) -> None:
        inner = len(neighbor)
        self.inside, self.neighbor, self.border = owner[:inner], neighbor, owner[inner:]
        self.stencil = stencil
        self.assembly = Assembly(self.inside, neighbor, self.border, num_cells, components, stencil)

    @abstractmethod
    def flux(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: Theta) -> State:
        """Out of the owner through each inner face, integrated over it."""

    @abstractmethod
    def outer_flux(self, u_p: State, g_p: Slope, theta: Theta) -> State:
        """Out of the owner through each outer face, integrated over it."""

    def source(self, u: State, g: Slope, theta: Theta) -> State:  # noqa: ARG002 - for children
        """What is made in each cell, integrated over it."""
        return torch.zeros_like(u)

    def gradient(self, theta: Theta) -> tuple[Tensor, Tensor]:
        """``c (entries, 1 or components, dim)`` on the stencil, and ``g (cells, 1 or components, dim)``."""
        raise NotImplementedError(f"{type(self).__name__} has a stencil, but no gradient")

    def values(self, u: State, theta: Theta) -> Float[Tensor, "*samples _rows _values"]:  # noqa: ARG002 - for children
        r"""What gradients are taken of, :math:`\phi(U)`: any number of values of each cell; the state by default."""
        return u

    def prepare(self, parameters: Any) -> Theta:
        """What the other functions take, made of the parameters once: geometry, values on the boundary."""
        return parameters

    def residual(self, u: State, parameters: Any) -> State:
        """By how much the balance of each cell is missed.

        Args:
            u: the state.
            parameters: what ``prepare`` takes.
        """
        theta = self.prepare(parameters)
        g, _ = self.slopes(u, theta)
        flux = self.flux(*self.sides(u, g), theta)
        outer = self.outer_flux(*self.border_side(u, g), theta)
        total = -self.source(u, g, theta)
        total = total.index_add(-2, self.inside, flux).index_add(-2, self.neighbor, -flux)
        return total.index_add(-2, self.border, outer)

    def jacobian(
        self, u: State, parameters: Any, *, first_order: bool = False
    ) -> tuple[Float[Tensor, "*samples entries"], SparsePattern]:
        """The exact derivative of the residual, composed of the derivatives of each flux.

        Args:
            u: the state.
            parameters: what ``prepare`` takes.
            first_order: whether to hold the gradients fixed, which leaves the nearest neighbors only.

        Returns:
            the entries, and where they stand; unknown ``c`` of cell ``i`` has number ``i * components + c``.
        """
        theta = self.prepare(parameters)
        g, coefficient = self.slopes(u, theta)
        u_p, u_n, g_p, g_n = local_derivatives(
            lambda p, n, dp, dn: self.flux(p, n, dp, dn, theta), *self.sides(u, g), trailing=(1, 1, 2, 2)
        )
        u_b, g_b = local_derivatives(
            lambda p, dp: self.outer_flux(p, dp, theta), *self.border_side(u, g), trailing=(1, 2)
        )
        u_s, g_s = local_derivatives(lambda p, dp: self.source(p, dp, theta), u, g, trailing=(1, 2))
        blocks = Blocks((u_p, g_p), (u_n, g_n), (u_b, g_b), (u_s, g_s))
        if first_order or coefficient is None:
            return self.assembly.direct(blocks)
        if type(self).values is Balance.values:
            return self.assembly.full(blocks, coefficient)
        (of_state,) = local_derivatives(lambda w: self.values(w, theta), u, trailing=(1,))
        return self.assembly.full(blocks, coefficient, of_state)

    def slopes(self, u: State, theta: Theta) -> tuple[Slope, Tensor | None]:
        """The gradient of each cell, and its coefficients."""
        if self.stencil is None:
            return u.new_zeros((*u.shape, 0)), None
        coefficient, offset = self.gradient(theta)
        values = self.values(u, theta)
        terms = coefficient * values.index_select(-2, self.stencil.col)[..., None]
        nothing = terms.new_zeros((*values.shape, terms.shape[-1]))
        return nothing.index_add(-3, self.stencil.row, terms) + offset, coefficient

    def sides(self, u: State, g: Slope) -> tuple[State, State, Slope, Slope]:
        """State and gradient of both cells at each inner face."""
        p, n = self.inside, self.neighbor
        return u.index_select(-2, p), u.index_select(-2, n), g.index_select(-3, p), g.index_select(-3, n)

    def border_side(self, u: State, g: Slope) -> tuple[State, Slope]:
        """State and gradient of the cell at each outer face."""
        return u.index_select(-2, self.border), g.index_select(-3, self.border)
