"""CFD-GCN: a solver on a learned coarse mesh inside a graph convolutional network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.datasets.normalizer import Normalizer
from gno.errors import ConfigError, DataError, SolverError
from gno.models.coarse.registry import solver_of
from gno.models.coarse.solver import CoarseSolver
from gno.models.coarse.states import CoarseStates
from gno.models.hybrids.learned_mesh import LearnedMesh
from gno.models.hybrids.mesh_table import mesh_of
from gno.models.networks.gcn import edges_of
from gno.nn.graph_convolution import GraphConvolution, GraphConvolutions, symmetric_weights
from gno.nn.nearest_interpolation import NearestInterpolation


class CFDGCN(nn.Module):
    r"""A coarse solution, interpolated to the fine mesh, among the hidden values of graph convolutions.

    .. math::
        h = \mathrm{GCN}_1(a), \qquad u_H = S(x_H, \mu), \qquad
        u = \mathrm{GCN}_2\big(\big[\, P(x_H)\, u_H,\; h \,\big]\big)

    The solver :math:`S` finds the flow for the parameters :math:`\mu` of a sample on a coarse mesh, whose inner nodes
    :math:`x_H` are learned through the solver and the interpolation :math:`P`; ``LearnedMesh`` keeps its cells valid.
    Every sample of a batch is solved at once, from where its last solve ended while ``states`` is open.

    The paper's network has ``width=512, depth=6, merged=3, k=3`` and inputs coordinates, distance to the wall and
    parameters. Its variants: ``learned=False`` keeps the coarse mesh; ``depth=0`` is the interpolated coarse solution
    itself; without a solver it is ``GCN``. The coarse mesh is that of one domain: another shape needs another network.

    Source: Belbute-Peres et al. 2020, arXiv 2007.04439, section 3.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        solver: ``{"name": ..., ...}``: a coarse solver and its options, as of ``solver_of``.
        coarse: the coarse mesh, as of ``mesh_table``; in a recipe how it is made, as of ``coarse_mesh``.
        columns: of ``graph.params``, one for each input of the solver.
        outputs: of the solver's fields, those that are taken: name and normalizer.
        width: channels inside.
        depth: convolutions in all.
        merged: of these, how many come after the coarse solution is put in.
        k: coarse nodes that a fine one takes its values from.
        residual: whether the convolutions give what the coarse solution misses, instead of the fields: the network then
            begins as the interpolated coarse solution.
        learned: whether the nodes of the coarse mesh move.
        barrier: weight of the guard of its cells in the loss.

    Raises:
        ConfigError: a value that cannot be, or fields that the solver does not return.
        MeshError: a coarse mesh that cannot be guarded.
    """

    edges = "mesh"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        solver: Mapping[str, Any],
        coarse: Mapping[str, Any],
        columns: Sequence[int],
        outputs: Sequence[Mapping[str, Any]],
        width: int = 64,
        depth: int = 6,
        merged: int = 3,
        k: int = 3,
        residual: bool = False,
        learned: bool = True,
        barrier: float = 1e-3,
    ) -> None:
        super().__init__()
        if not (depth == 0 or 1 <= merged < depth <= 64):
            raise ConfigError(
                f"depth is {depth}, merged is {merged}", why="1 <= merged < depth <= 64, or depth is 0: no network"
            )
        self.solver: CoarseSolver = solver_of(solver)
        self.columns, self.states = tuple(columns), CoarseStates()
        self.taken, self.normalizers = _taken(self.solver, outputs)
        up = sum(map(len, self.taken))
        if len(self.columns) != len(self.solver.inputs):
            raise ConfigError(
                f"{len(self.columns)} columns of parameters", why=f"the solver takes {', '.join(self.solver.inputs)}"
            )
        if (residual or depth == 0) and up != out_channels:
            raise ConfigError(
                f"the solver gives {up} channels", why=f"{out_channels} are wanted, and the network does not make them"
            )
        self.interpolation = NearestInterpolation(k)
        if depth:
            self.before = GraphConvolutions((in_channels, *[width] * (depth - merged)), last=True)
            self.after = GraphConvolutions((up + width, *[width] * (merged - 1), out_channels))
            if residual:
                nn.init.zeros_(cast(GraphConvolution, self.after.layers[-1]).weight)
        self.depth, self.residual = depth, residual
        self.mesh = LearnedMesh(mesh_of(coarse), learned=learned, barrier=barrier)
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "solver": dict(solver), "coarse": dict(coarse),
            "columns": list(columns), "outputs": [dict(output) for output in outputs], "width": width, "depth": depth,
            "merged": merged, "k": k, "residual": residual,
            "learned": learned, "barrier": barrier,
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: with ``x (nodes, in)``, ``pos (nodes, dim)``, ``edge_index`` and ``params (1, numbers)``, or a batch
                of such.

        Raises:
            DataError: a graph without these, or with another number of channels.
            SolverError: the coarse solver does not converge; the parameters are named.
        """
        up = self.upsampled(graph)
        if self.depth == 0:
            return up
        index = edges_of(graph)
        weights = symmetric_weights(index, len(graph.x), graph.x.dtype)
        h = self.before(graph.x, index, weights)
        out = self.after(torch.cat([up, h], dim=1), index, weights)
        return up + out if self.residual else out

    def upsampled(self, graph: Any) -> Float[Tensor, "nodes up"]:
        """The coarse fields at the nodes of the fine mesh, as the targets' normalizers encode them.

        Args:
            graph: as of ``forward``.

        Raises:
            DataError: a graph without parameters.
            SolverError: the coarse solver does not converge.
        """
        params = getattr(graph, "params", None)
        if params is None or params.shape[1] <= max(self.columns):
            raise DataError(
                f"the graph has {0 if params is None else params.shape[1]} parameters",
                why=f"the coarse solver takes {', '.join(self.solver.inputs)}",
                fix="name them in params",
            )
        points = self.mesh.points()
        fields = self.coarse_fields(params, points).to(points.device)
        batch = getattr(graph, "batch", None)
        batch = torch.zeros(len(graph.x), dtype=torch.int64, device=graph.x.device) if batch is None else batch
        return self.interpolation(fields, points, graph.pos.double(), batch).to(graph.x.dtype)

    def coarse_fields(
        self, params: Float[Tensor, "samples numbers"], points: Float[Tensor, "nodes dim"]
    ) -> Float[Tensor, "samples nodes up"]:
        """The encoded fields of the coarse solver at the nodes of the coarse mesh.

        Args:
            params: parameters of the samples, physical.
            points: coordinates of the nodes.

        Raises:
            SolverError: a sample that does not converge, even from scratch.
        """
        chosen = params[:, list(self.columns)].detach().double().cpu()
        inputs = dict(zip(self.solver.inputs, chosen.unbind(1)))
        near, x = self.states.nearest(chosen), points.cpu()
        try:
            found = self.solver.solve(self.mesh.mesh, inputs, points=x, initial=near)
        except SolverError as error:
            if near is None:
                raise _of_samples(error, inputs) from error
            found = self._from_scratch(inputs, x)
        self.states.remember(chosen, found.state)
        parts = [norm.encode(found.values[:, :, cut]) for cut, norm in zip(self.taken, self.normalizers)]
        return torch.cat(parts, dim=2)

    def _from_scratch(self, inputs: Mapping[str, Tensor], points: Tensor) -> Any:
        try:
            return self.solver.solve(self.mesh.mesh, inputs, points=points)
        except SolverError as error:
            raise _of_samples(error, inputs) from error


def _taken(
    solver: CoarseSolver, outputs: Sequence[Mapping[str, Any]]
) -> tuple[list[Int[Tensor, " channels"]], list[Normalizer]]:
    """Channels of each field that is taken, and its normalizer."""
    first, places = 0, dict[str, Tensor]()
    for spec in solver.outputs:
        places[spec.name] = torch.from_numpy(np.arange(first, first + spec.components))
        first += spec.components
    for output in outputs:
        if output["name"] not in places:
            raise ConfigError(f"the solver returns no field {output['name']!r}", why=f"it returns {', '.join(places)}")
    if not outputs:
        raise ConfigError("no field of the coarse solver is taken", why=f"it returns {', '.join(places)}")
    return [places[o["name"]] for o in outputs], [Normalizer.from_dict(o["normalizer"]) for o in outputs]


def _of_samples(error: SolverError, inputs: Mapping[str, Tensor]) -> SolverError:
    values = {name: sorted(set(values.tolist())) for name, values in inputs.items()}
    text = ", ".join(f"{name} = {', '.join(f'{v:.4g}' for v in some)}" for name, some in values.items())
    return SolverError(
        f"the coarse solver failed for {text}", why=error.what, fix=error.fix or "refine the coarse mesh"
    )
