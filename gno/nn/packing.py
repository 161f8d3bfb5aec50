"""The nodes of the graphs of a batch: one after the other, or side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Packing:
    """Which nodes belong to which graph of a batch, so that dense products run over each graph alone.

    Args:
        graphs: how many.
        longest: most nodes of one.
        places: of the nodes ``(nodes,)`` among ``graphs`` times ``longest``; ``None`` where all are filled.

    Example:
        >>> packing = Packing.of(torch.tensor([0, 3, 4]))
        >>> packing.apart(torch.arange(4.0)[:, None])[..., 0]
        tensor([[0., 1., 2.],
                [3., 0., 0.]])
        >>> packing.together(packing.apart(torch.arange(4.0)[:, None]))[:, 0]
        tensor([0., 1., 2., 3.])
    """

    graphs: int
    longest: int
    places: Int[Tensor, " nodes"] | None = None

    @classmethod
    def of(cls, ptr: Int[Tensor, " ends"]) -> Packing:
        """The packing of graphs that stand one after the other.

        Args:
            ptr: where each graph begins, and where the last one ends.
        """
        sizes = ptr.diff()
        longest = int(sizes.max())
        filled = torch.arange(longest, device=ptr.device) < sizes[:, None]
        places = None if bool(filled.all()) else torch.nonzero(filled.flatten())[:, 0]
        return cls(len(sizes), longest, places)

    @classmethod
    def of_graph(cls, graph: Any, level: int = 0) -> Packing | None:
        """The packing of a batch of PyG; ``None`` of a single graph.

        Args:
            graph: with ``ptr`` and ``batch``, if it is a batch.
            level: whose nodes are packed, of graphs with levels.
        """
        ptr = getattr(graph, "ptr", None)
        if ptr is not None and level:
            sizes = torch.bincount(graph.batch[graph[f"nodes_{level}"]], minlength=len(ptr) - 1)
            ptr = torch.cat([ptr[:1], sizes.cumsum(0)])
        return None if ptr is None else cls.of(ptr)

    def apart(self, v: Float[Tensor, "nodes c"]) -> Float[Tensor, "graphs longest c"]:
        """The graphs side by side, with 0 where there is no node.

        Args:
            v: values at all nodes.
        """
        if self.places is not None:
            v = v.new_zeros(self.graphs * self.longest, v.shape[1]).index_copy(0, self.places, v)
        return v.unflatten(0, (self.graphs, self.longest))

    def together(self, v: Float[Tensor, "graphs longest c"]) -> Float[Tensor, "nodes c"]:
        """The graphs one after the other.

        Args:
            v: values, side by side.
        """
        return v.flatten(0, 1) if self.places is None else v.flatten(0, 1).index_select(0, self.places)
