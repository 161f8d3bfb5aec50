"""The multipole V-cycle: kernel integrals down, inside and up the levels of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.graph.halo import halo_of
from gno.nn.edge_features import edge_features
from gno.nn.edge_set import EdgeSet, with_matrices
from gno.nn.kernel_integral import KernelIntegral, edge_share, kernel_features
from gno.nn.kernel_options import KernelOptions
from gno.nn.level_inputs import level_inputs
from gno.nn.mlp import activation
from gno.ops.plans import edge_plan

BLOCKS = ("residual", "gkn", "mgkn")
"""How a kernel integral changes the values of a level, as of ``KernelStep``."""


MEMORY = 2**30
"""Bytes that the shared hidden features of a network may take, with what their gradient needs."""


class LevelEdges(NamedTuple):
    """The edge sets inside the levels with kernels, and to and from the next coarser one; the inputs of all levels."""

    intra: list[EdgeSet]
    down: list[EdgeSet]
    up: list[EdgeSet]
    inputs: list[Float[Tensor, "level_nodes c"]]


class MultipoleKernels(nn.Module):
    """Hidden features of the edges of a multilevel graph, computed once and shared by all cycles.

    Each level and direction has a kernel of its own. The kernels see geometry, in units of the radius of the coarser
    level, and the inputs at both ends; on a coarse level the inputs are volume-weighted means over the finer one.
    The features of edges that do not fit into ``memory`` any more are made anew in every cycle, a part at a time.

    Args:
        channels: channels of ``graph.x``.
        radius: physical radius of the edges inside each level, which offsets are measured in.
        options: of the kernels.
        finest: level that the kernels begin on: those below have none.
        memory: bytes that the shared features may take, with what their gradient needs, and from what they leave the
            kernel matrices of ``MultipoleCycle.with_matrices``; an attribute, too.

    Raises:
        ConfigError: no level, or a radius that is not positive.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(0.5,)), x=torch.zeros(30, 1))
        >>> edges = MultipoleKernels(1, (0.3, 1.2))(graph)
        >>> len(edges.intra), len(edges.down)
        (2, 1)
    """

    def __init__(
        self,
        channels: int,
        radius: Sequence[float],
        options: KernelOptions | None = None,
        *,
        finest: int = 0,
        memory: int = MEMORY,
    ) -> None:
        super().__init__()
        if not radius or not all(r > 0 for r in radius):
            raise ConfigError(f"radius is {tuple(radius)}", why="each level needs a positive one")
        self.channels, self.radius = channels, tuple(float(r) for r in radius)
        self.options, self.finest, self.memory = options or KernelOptions(), finest, memory
        levels = range(len(radius) - finest)
        self.intra = nn.ModuleList(self.options.mlp(channels) for _ in levels)
        self.down = nn.ModuleList(self.options.mlp(channels) for _ in levels[1:])
        self.up = nn.ModuleList(self.options.mlp(channels) for _ in levels[1:])

    def forward(self, graph: Any, inputs: list[Tensor] | None = None) -> LevelEdges:
        """Edge sets of a multilevel graph with inputs ``x (nodes, channels)``, or of a batch of such.

        Args:
            graph: ``gno.graph.MultilevelData`` with ``x``.
            inputs: ``(n_l, channels)``, what the kernels see of each level in place of ``x`` and its means.

        Raises:
            DataError: a graph without levels, or another number of levels or channels.
        """
        inputs = level_inputs(graph, len(self.radius), self.channels) if inputs is None else inputs
        shared = self._shared(graph, inputs[0].element_size())
        edges = LevelEdges([], [], [], inputs)
        for level, kernel in enumerate(self.intra, start=self.finest):
            edges.intra.append(self._edges(kernel, graph, (level, level), inputs, shared))
        for fine, (down, up) in enumerate(zip(self.down, self.up), start=self.finest):
            edges.down.append(self._edges(down, graph, (fine, fine + 1), inputs, shared))
            edges.up.append(self._edges(up, graph, (fine + 1, fine), inputs, shared))
        return edges

    def _shared(self, graph: Any, itemsize: int) -> set[str]:
        """Names of the edge sets whose features are kept: the smallest, until the memory is full."""
        levels = range(self.finest, len(self.radius))
        names = [f"intra_{n}" for n in levels] + [
            f"{name}_{n}" for n in levels[:-1] for name in ("restrict", "prolong")
        ]
        if torch.compiler.is_compiling():  # how many edges there are is known only when the program runs
            return set(names)
        size, kept, left = self._edge_bytes(itemsize), set(), self.memory
        for edges, name in sorted((graph[name].shape[1], name) for name in names):
            left -= edges * size
            if left < 0:
                break
            kept.add(name)
        return kept

    def spare(self, edges: LevelEdges) -> int:
        """Bytes of ``memory`` that the shared features leave.

        Args:
            edges: what ``forward`` returned.
        """
        sets = (*edges.intra, *edges.down, *edges.up)
        shared = sum(one.hidden.shape[0] for one in sets if isinstance(one.hidden, Tensor))
        return self.memory - shared * self._edge_bytes(edges.inputs[0].element_size())

    def _edge_bytes(self, itemsize: int) -> int:
        """What the features of an edge take: each layer keeps what goes into its activation and what comes out."""
        return self.options.width * (2 * self.options.layers + 1) * itemsize  # the layout in slots is one more

    def _edges(
        self, kernel: nn.Module, graph: Any, ends: tuple[int, int], inputs: list[Tensor], shared: set[str]
    ) -> EdgeSet:
        source, target = ends
        name = f"intra_{source}" if source == target else f"{'restrict' if source < target else 'prolong'}_{min(ends)}"
        index = graph[name]
        plan = edge_plan(index, inputs[source].shape[0], inputs[target].shape[0])
        features = edge_features(
            index,
            (graph.pos[graph[f"nodes_{source}"]], graph.pos[graph[f"nodes_{target}"]]),
            self.radius[max(ends)],
            (inputs[source], inputs[target]),
            geometry=self.options.geometry,
            period=self.options.period,
        )
        quadrature = self.options.aggregation == "quadrature"
        weight = graph[f"volume_{source}"] if quadrature else None
        aggregation = self.options.aggregation
        if name in shared:
            made = EdgeSet(plan, *kernel_features(kernel(features), index, plan, aggregation, weight))
        else:
            made = EdgeSet(plan, (kernel, features), edge_share(index, plan, aggregation, weight, features))
        return made._replace(halo=halo_of(graph, source))


class KernelStep(nn.Module):
    r"""One update of a level by a kernel integral over another, or over itself.

    ============  ===================================  ====================================
    block         :math:`v \leftarrow`                 used by
    ============  ===================================  ====================================
    ``residual``  :math:`v + Q\,\sigma(K u + R v + b)`  our networks, where nothing is said
    ``gkn``       :math:`\max(0, K u + R v + b)`       the paper of GKN, equation 8
    ``mgkn``      :math:`\max(0, v + K u)`             the code of the authors of MGKN
    ============  ===================================  ====================================

    Args:
        width: channels of both levels.
        options: of the kernel.
        block: ``residual``, ``gkn`` or ``mgkn``.

    Raises:
        ConfigError: an unknown block.
    """

    def __init__(self, width: int, options: KernelOptions, block: str = "residual") -> None:
        super().__init__()
        if block not in BLOCKS:
            raise ConfigError(f"block {block!r} is unknown", why=f"known: {', '.join(BLOCKS)}")
        # Without a constant part the sum costs half as many products; the features can make one of their own.
        constant = block != "residual"
        self.integral = KernelIntegral(width, width, nn.Identity(), hidden=options.width, kernel_bias=constant)
        self.act = activation(options.activation if block == "residual" else "relu")
        self.root = nn.Identity() if block == "mgkn" else nn.Linear(width, width)
        self.out = nn.Linear(width, width) if block == "residual" else None

    def forward(
        self, v: Float[Tensor, "targets c"], u: Float[Tensor, "sources c"], edges: EdgeSet
    ) -> Float[Tensor, "targets c"]:
        """Update the targets' values.

        Args:
            v: values at the targets.
            u: values at the sources.
            edges: from sources to targets.
        """
        Ku = edges.integrate(self.integral, u)
        changed = self.act(Ku + self.root(v))
        return changed if self.out is None else v + self.out(changed)


class MultipoleCycle(nn.Module):
    r"""One V-cycle: restrict to ever coarser levels, then integrate inside each and prolong.

    .. math::
        \text{down, } l = 0 \ldots L - 2: \quad v_{l+1} \leftarrow \mathrm{step}(v_{l+1}, K_{l+1,l}\, v_l)

        \text{up, } l = L - 1 \ldots 0: \quad v_l \leftarrow \mathrm{step}(v_l, K_{l,l}\, v_l), \quad
        v_{l-1} \leftarrow \mathrm{step}(v_{l-1}, K_{l-1,l}\, v_l)

    Source: Li et al. 2020, arXiv 2006.09535, section 3.

    Args:
        width: channels of the values.
        levels: number of levels.
        options: of the kernels.
        block: as of ``KernelStep``.

    Example:
        >>> cycle = MultipoleCycle(8, 2)
        >>> len(cycle.intra), len(cycle.down), len(cycle.up)
        (2, 1, 1)
    """

    def __init__(
        self, width: int, levels: int, options: KernelOptions | None = None, *, block: str = "residual"
    ) -> None:
        super().__init__()
        options = options or KernelOptions()
        self.intra = nn.ModuleList(KernelStep(width, options, block) for _ in range(levels))
        self.down = nn.ModuleList(KernelStep(width, options, block) for _ in range(levels - 1))
        self.up = nn.ModuleList(KernelStep(width, options, block) for _ in range(levels - 1))

    def with_matrices(self, edges: LevelEdges, times: int, memory: int) -> LevelEdges:
        """The edges with this cycle's kernel matrices, formed once, where the same cycle is so quicker several times.

        Args:
            edges: from ``MultipoleKernels``.
            times: cycles to come.
            memory: bytes that all matrices may take.
        """
        steps = (*self.intra, *self.down, *self.up)
        sets = with_matrices([*edges.intra, *edges.down, *edges.up], [step.integral for step in steps], times, memory)
        levels, between = len(self.intra), len(self.down)
        down = levels + between
        return edges._replace(intra=sets[:levels], down=sets[levels:down], up=sets[down:])

    def forward(self, v: list[Tensor], edges: LevelEdges) -> list[Tensor]:
        """Values of all levels after the cycle.

        Args:
            v: values ``(n_l, width)`` of each level.
            edges: from ``MultipoleKernels``.
        """
        v = list(v)
        for level, step in enumerate(self.down):
            v[level + 1] = step(v[level + 1], v[level], edges.down[level])
        for level in reversed(range(len(v))):
            v[level] = self.intra[level](v[level], v[level], edges.intra[level])
            if level:
                v[level - 1] = self.up[level - 1](v[level - 1], v[level], edges.up[level - 1])
        return v
