"""Nodes on walls that a gas sticks to."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.fv.compressible.gas import Conserved, Rows, dot
from gno.fv.linear.pattern import SparsePattern

Blocks = Float[Tensor, "*samples walls components components"]


class Held(NamedTuple):
    r"""What takes the place of the balances of momentum, and of energy, at the nodes on walls.

    .. math::
        R_i \leftarrow P_i R_i + C_i U_i

    On a wall with the velocity :math:`w`, P lets the momentum change as that of gas with this velocity does,
    :math:`w R_\rho`, and C pulls it there, :math:`k (\rho v - \rho w)`. The wall pulls with
    :math:`\tau S = R_{\rho v} - w R_\rho`, the work of which comes in with the energy; where a wall has a temperature,
    the energy is held like the momentum. All that is linear in the balances, so mass is kept, and energy where no heat
    flows in and the wall rests; states that the wall holds once it holds in every step in time, explicit or not.

    Args:
        node: numbers of the nodes ``(walls,)``, ascending.
        velocity: ``w (..., walls, dim)``.
        change: ``P``.
        pull: ``C``.
    """

    node: Int[Tensor, " walls"]
    velocity: Float[Tensor, "*samples walls dim"]
    change: Blocks
    pull: Blocks

    @classmethod
    def of(
        cls,
        node: Int[Tensor, " walls"],
        velocity: Float[Tensor, "*samples walls dim"],
        energy: Rows,
        warm: Bool[Tensor, " walls"],
        rate: Float[Tensor, " walls"],
    ) -> Held:
        """The blocks of walls.

        Args:
            node: numbers of the nodes.
            velocity: of the wall there.
            energy: of the gas there, over its density ``(..., walls)``.
            warm: whether it is given.
            rate: ``k``.
        """
        w, one, dim = velocity, torch.ones_like(energy)[..., None], velocity.shape[-1]
        none, level, given = 0 * one, energy[..., None], warm[:, None]
        mass = torch.cat([one, 0 * w, none], -1)
        heat = torch.where(given, level * mass, torch.cat([dot(w, w)[..., None], -w, one], -1))
        rest = w.new_zeros(dim, dim + 1).expand(*w.shape, dim + 1)
        change = torch.cat([mass[..., None, :], torch.cat([w[..., None], rest], -1), heat[..., None, :]], -2)
        still = torch.eye(dim, dim + 1, dtype=w.dtype, device=w.device).expand(*w.shape, dim + 1)
        hold = torch.where(given, torch.cat([-level, 0 * w, one], -1), 0 * mass)
        pull = torch.cat([0 * mass[..., None, :], torch.cat([-w[..., None], still], -1), hold[..., None, :]], -2)
        return cls(node, velocity, change, rate[:, None, None] * pull)

    def residual(self, free: Conserved, u: Conserved) -> Conserved:
        """What takes the place of the balances.

        Args:
            free: the balances, without the walls' pull.
            u: the state.
        """
        at, state = free.index_select(-2, self.node), u.index_select(-2, self.node)
        held = (self.change @ at[..., None] + self.pull @ state[..., None])[..., 0]
        return free.index_copy(-2, self.node, held)

    def jacobian(self, values: Float[Tensor, "*samples entries"], pattern: SparsePattern) -> Tensor:
        """Entries of its derivative by the state.

        Args:
            values: entries of that of the balances.
            pattern: where they stand; rows of a node have the same columns.
        """
        size = self.change.shape[-1]
        first, of = self.node * size, torch.arange(size)
        which, entry = pattern.of_rows(first)
        entries = entry[:, None] + (pattern.start[first + 1] - pattern.start[first])[which, None] * of
        block = self.change.index_select(-3, which) @ values[..., entries][..., None]
        values = values.index_copy(-1, entries.reshape(-1), block[..., 0].flatten(-2))
        at = pattern.find(
            (first[:, None, None] + of[:, None]).expand(-1, size, size).reshape(-1),
            (first[:, None, None] + of).expand(-1, size, size).reshape(-1),
        )
        pulled = self.pull.expand(*values.shape[:-1], *self.pull.shape[-3:])
        return values.index_add(-1, at, pulled.flatten(-3))

    def pulled(self, free: Conserved) -> Float[Tensor, "*samples walls dim"]:
        r"""What each node pulls its wall with, :math:`-\tau S`.

        Args:
            free: as of ``residual``.
        """
        at = free.index_select(-2, self.node)
        return at[..., :1] * self.velocity - at[..., 1:-1]
