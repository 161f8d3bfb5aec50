"""Balances on plain tensors, for tests: nonlinear diffusion on a sheared grid, and fluxes without any meaning."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern
from gno.fv.nonlinear.balance import Balance


class Diffusion(Balance):
    r"""``-div((1 + u^2) grad u) = f`` on ``n x n`` sheared cells, with ``u = g`` around; parameters ``f`` and ``g``."""

    def __init__(self, n: int) -> None:
        cell, h = torch.arange(n * n).reshape(n, n), 1 / n
        x, y = torch.meshgrid(*[(torch.arange(n) + 0.5) * h] * 2, indexing="ij")
        self.shear = torch.tensor([[1.0, 0.0], [0.4, 1.0]])
        self.center = torch.stack([x, y], -1).reshape(-1, 2) @ self.shear
        pairs = [(cell[:-1], cell[1:], (1.0, 0.0)), (cell[:, :-1], cell[:, 1:], (0.0, 1.0))]
        outer = [(cell[-1], (1.0, 0.0)), (cell[0], (-1.0, 0.0)), (cell[:, -1], (0.0, 1.0)), (cell[:, 0], (0.0, -1.0))]
        owner = torch.cat([p.reshape(-1) for p, *_ in pairs] + [p for p, _ in outer])
        neighbor = torch.cat([q.reshape(-1) for _, q, _ in pairs])
        way = torch.cat([torch.tensor([w]).expand(p.numel(), 2) for p, *_, w in pairs + [(p, p, w) for p, w in outer]])
        self.area = h * way @ torch.linalg.inv(self.shear).T  # Piola: areas turn with the inverse transpose
        self.volume = h * h
        inner = len(neighbor)
        step = h * way @ self.shear
        step[inner:] /= 2
        self.step, self.num_inner, p, b = step, inner, owner[:inner], owner[inner:]
        at, of = torch.cat([p, neighbor, b]), torch.cat([neighbor, p, b])
        rows = torch.cat([step[:inner], -step[:inner], step[inner:]])
        inverse = torch.linalg.inv(torch.zeros(n * n, 2, 2).index_add(0, at, rows[:, :, None] * rows[:, None, :]))
        self.weight = (inverse[at] @ rows[..., None])[..., 0]
        stencil, position = SparsePattern.of(torch.cat([at, at]), torch.cat([of, at]), n * n)
        given = torch.cat([torch.ones(2 * inner), torch.zeros(len(b))])[:, None]
        parts = torch.cat([self.weight * given, -self.weight])
        self.coefficient = stencil.values(parts, position, dim=0)[:, None, :]
        super().__init__(owner, neighbor, num_cells=n * n, components=1, stencil=stencil)

    def gradient(self, theta: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        terms = theta["g"][:, None] * self.weight[2 * self.num_inner :]
        offset = torch.zeros(len(self.center), 2).index_add(0, self.border, terms)
        return self.coefficient, offset[:, None, :]

    def flux(self, u_p: Tensor, u_n: Tensor, g_p: Tensor, g_n: Tensor, theta: Any) -> Tensor:
        return self._through(u_p, u_n, (g_p + g_n) / 2, slice(None, self.num_inner))

    def outer_flux(self, u_p: Tensor, g_p: Tensor, theta: dict[str, Tensor]) -> Tensor:
        return self._through(u_p, theta["g"][:, None] + 0 * u_p, g_p, slice(self.num_inner, None))

    def source(self, u: Tensor, g: Tensor, theta: dict[str, Tensor]) -> Tensor:
        return self.volume * theta["f"][..., None] + 0 * u

    def _through(self, u_p: Tensor, u_n: Tensor, g: Tensor, faces: slice) -> Tensor:
        """The two-point flux along the line of centers, corrected by the gradient."""
        area, step = self.area[faces], self.step[faces]
        along = (area * area).sum(-1) / (area * step).sum(-1)
        slope = along[:, None] * (u_n - u_p) + (g * (area - along[:, None] * step)[:, None, :]).sum(-1)
        middle = (u_p + u_n) / 2
        return -(1 + middle**2) * slope


class Nonsense(Balance):
    """Smooth fluxes and sources of everything that they may depend on, on a random graph."""

    def __init__(self, cells: int, inner: int, outer: int, components: int, dim: int) -> None:
        owner, neighbor = torch.randint(cells, (inner + outer,)), torch.randint(cells, (inner,))
        rows, cols = torch.randint(cells, (2, 3 * cells))
        stencil, _ = SparsePattern.of(rows, cols, cells)
        super().__init__(owner, neighbor, num_cells=cells, components=components, stencil=stencil if dim else None)
        state = components * (1 + dim)
        self.mix = [torch.randn(components, size) / math.sqrt(size) for size in (2 * state, state, state)]
        self.by_face = [torch.randn(rows, components) for rows in (inner, outer, cells)]
        self.slope = torch.randn(len(stencil.row), components, dim), torch.randn(cells, components, dim)

    def gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        return self.slope[0] * theta, self.slope[1]

    def flux(self, u_p: Tensor, u_n: Tensor, g_p: Tensor, g_n: Tensor, theta: Tensor) -> Tensor:
        return self._any(0, theta, u_p, u_n, g_p.flatten(-2), g_n.flatten(-2))

    def outer_flux(self, u_p: Tensor, g_p: Tensor, theta: Tensor) -> Tensor:
        return self._any(1, theta, u_p, g_p.flatten(-2))

    def source(self, u: Tensor, g: Tensor, theta: Tensor) -> Tensor:
        return self._any(2, theta, u, g.flatten(-2))

    def _any(self, which: int, theta: Tensor, *states: Tensor) -> Tensor:
        return torch.sin(theta * torch.cat(states, -1) @ self.mix[which].T + self.by_face[which])
