"""Attention between slices of a field: global, and linear in the number of nodes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from gno.errors import ConfigError, DataError
from gno.nn.packing import Packing

_COLDEST = 0.1  # least temperature: colder slices are hard ones, through which no gradient comes


class SliceAttention(nn.Module):
    r"""Nodes are dealt to slices, slices attend to each other, and give back to the nodes.

    .. math::
        w_{im} = \mathrm{softmax}_m \Big(\frac{(S\, X v_i)_m}{\tau}\Big), \qquad
        z_m = \frac{\sum_i q_i\, w_{im}\, F v_i}{\sum_i q_i\, w_{im}}, \qquad
        z' = \mathrm{softmax}\Big(\frac{(Qz)(Kz)^\top}{\sqrt{c}}\Big) V z, \qquad
        v'_i = O \sum_m w_{im}\, z'_m

    in each of the heads, which have ``c = width / heads`` channels, one temperature :math:`\tau` each, and share the
    matrices S, Q, K and V. The slices are means with the volumes :math:`q` of the nodes: integrals, which do not depend
    on how densely the mesh samples a region. Without volumes every node counts alike, as in the paper.

    Source: Wu et al. 2024, arXiv 2402.02366, equations 1-4; the volumes are ours. Cost: O(nodes · slices).

    Args:
        width: channels of ``v``.
        heads: that share the channels.
        slices: of each head.

    Raises:
        ConfigError: counts below 1, or heads that do not divide the width.

    Shapes:
        - input: ``v (nodes, width)``, ``volume (nodes,)``
        - output: ``(nodes, width)``

    Example:
        >>> layer = SliceAttention(8, heads=2, slices=4)
        >>> layer(torch.ones(5, 8), torch.ones(5)).shape
        torch.Size([5, 8])
    """

    def __init__(self, width: int, *, heads: int = 4, slices: int = 32) -> None:
        super().__init__()
        if min(width, heads, slices) < 1 or width % heads:
            raise ConfigError(
                f"width {width}, heads {heads}, slices {slices}", why="all are at least 1, and heads divide the width"
            )
        self.width, self.heads = width, heads
        channels = width // heads
        self.place, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.slice = nn.Linear(channels, slices)
        self.temperature = nn.Parameter(torch.full((heads, 1, 1), 0.5))
        self.query, self.key, self.content = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        nn.init.orthogonal_(self.slice.weight)

    def forward(
        self,
        v: Float[Tensor, "nodes c"],
        volume: Float[Tensor, " nodes"] | None = None,
        packing: Packing | None = None,
    ) -> Float[Tensor, "nodes c"]:
        """Apply the layer; each graph of a batch has slices of its own.

        Args:
            v: values at the nodes.
            volume: of the nodes; without it all count alike.
            packing: of the batch; without it all nodes are of one graph.

        Raises:
            DataError: a wrong width.
        """
        if v.shape[1] != self.width:
            raise DataError(f"v has {v.shape[1]} channels", why=f"the layer takes {self.width}")
        q = (v.new_ones(v.shape[0]) if volume is None else volume.to(v.dtype))[:, None]
        v, q = (x[None] if packing is None else packing.apart(x) for x in (v, q))
        w = (self.slice(self._by_head(self.place(v))) / self.temperature.clamp(min=_COLDEST)).softmax(dim=-1)
        qw = q[:, None] * w
        z = qw.transpose(2, 3) @ self._by_head(self.value(v))
        z = z / qw.sum(dim=2).clamp(min=torch.finfo(z.dtype).tiny)[..., None]
        z = scaled_dot_product_attention(self.query(z), self.key(z), self.content(z))
        u = self.out((w @ z).transpose(1, 2).flatten(2))
        return u[0] if packing is None else packing.together(u)

    def _by_head(self, v: Float[Tensor, "graphs nodes c"]) -> Float[Tensor, "graphs heads nodes c_head"]:
        return v.unflatten(2, (self.heads, -1)).transpose(1, 2)
