"""A solution on a coarse mesh whose nodes are learned, at the nodes of a fine one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.datasets.normalizer import Normalizer
from gno.errors import ConfigError, DataError, SolverError
from gno.mesh.mesh import Mesh
from gno.models.coarse.registry import solver_of
from gno.models.coarse.solver import CoarseSolver
from gno.models.coarse.states import CoarseStates
from gno.models.hybrids.domain import refuse_other_domain
from gno.models.hybrids.learned_mesh import LearnedMesh
from gno.models.hybrids.mesh_table import mesh_of
from gno.nn.nearest_interpolation import NearestInterpolation


class CoarseSolution(nn.Module):
    r"""The fields of a solver on a learned coarse mesh, interpolated: the part of ``CFDGCN`` that knows the equations.

    .. math::
        P(x_H) \, S(x_H, \mu)

    Every sample of a batch is solved at once, from where its last solve ended while ``states`` is open.

    Source: Belbute-Peres et al. 2020, arXiv 2007.04439, section 3.

    Args:
        solver: ``{"name": ..., ...}``: a coarse solver and its options, as of ``solver_of``.
        mesh: the coarse mesh, as of ``mesh_table``; in a recipe how it is made, as of ``coarse_mesh``.
        columns: of ``graph.params``, one for each input of the solver.
        outputs: of the solver's fields, those that are taken: name and normalizer.
        k: coarse nodes that a fine one takes its values from.
        learned: whether the nodes of the coarse mesh move.
        barrier: weight of the guard of its cells in the loss.

    Raises:
        ConfigError: a value that cannot be, or fields that the solver does not return.
        MeshError: a coarse mesh that cannot be guarded.

    Shapes:
        - input: a graph with ``x (nodes, in)``, ``pos (nodes, dim)`` and ``params (samples, numbers)``
        - output: ``(nodes, channels of the outputs)``

    Example:
        >>> from gno.mesh import shapes
        >>> from gno.models.hybrids.mesh_table import mesh_table
        >>> u = {"name": "u", "normalizer": {"mean": [0.0], "std": [1.0]}}
        >>> diffusion = {"name": "diffusion", "inputs": ["source"]}
        >>> coarse = CoarseSolution(diffusion, mesh_table(shapes.square(0.25)), columns=[0], outputs=[u])
        >>> coarse.fields(torch.tensor([[1.0], [2.0]]), coarse.mesh.points()).shape[0], coarse.num_channels
        (2, 1)
    """

    def __init__(
        self,
        solver: Mapping[str, Any],
        mesh: Mapping[str, Any],
        columns: Sequence[int],
        outputs: Sequence[Mapping[str, Any]],
        *,
        k: int = 3,
        learned: bool = True,
        barrier: float = 1e-3,
    ) -> None:
        super().__init__()
        self.solver: CoarseSolver = solver_of(solver)
        self.columns, self.states = tuple(columns), CoarseStates()
        self.names = [output["name"] for output in outputs]
        self.taken, self.normalizers = _taken(self.solver, outputs)
        if len(self.columns) != len(self.solver.inputs):
            raise ConfigError(
                f"{len(self.columns)} columns of parameters", why=f"the solver takes {', '.join(self.solver.inputs)}"
            )
        self.interpolation = NearestInterpolation(k)
        self.mesh = LearnedMesh(mesh_of(mesh), learned=learned, barrier=barrier)
        self.arguments: dict[str, Any] = {
            "solver": dict(solver), "mesh": dict(mesh), "columns": list(columns),
            "outputs": [dict(output) for output in outputs], "k": k, "learned": learned, "barrier": barrier,
        }  # fmt: skip

    @property
    def num_channels(self) -> int:
        """Channels of the outputs that are taken."""
        return sum(map(len, self.taken))

    def check(self, mesh: Mesh) -> None:
        """Refuse a fine mesh of another domain than that of the coarse one.

        Args:
            mesh: the fine mesh.

        Raises:
            DataError: it has another shape.
        """
        refuse_other_domain(mesh, self.mesh.mesh)

    def forward(self, graph: Any) -> Float[Tensor, "nodes channels"]:
        """The coarse fields at the nodes of the fine mesh, as the targets' normalizers encode them.

        Args:
            graph: of a fine mesh, or a batch of such.

        Raises:
            DataError: a graph without parameters.
            SolverError: the coarse solver does not converge; the parameters are named.
        """
        params = getattr(graph, "params", None)
        if params is None or params.shape[1] <= max(self.columns):
            raise DataError(
                f"the graph has {0 if params is None else params.shape[1]} parameters",
                why=f"the coarse solver takes {', '.join(self.solver.inputs)}",
                fix="name them in params",
            )
        points = self.mesh.points()
        fields = self.fields(params, points).to(points.device)
        batch = getattr(graph, "batch", None)
        batch = torch.zeros(len(graph.x), dtype=torch.int64, device=graph.x.device) if batch is None else batch
        return self.interpolation(fields, points, graph.pos.double(), batch).to(graph.x.dtype)

    def fields(
        self, params: Float[Tensor, "samples numbers"], points: Float[Tensor, "nodes dim"]
    ) -> Float[Tensor, "samples nodes channels"]:
        """The encoded fields of the solver at the nodes of the coarse mesh.

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
