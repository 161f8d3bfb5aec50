"""The cells of a coarse mesh as a graph, and what is solved there: what ``LearnedUpscaling`` takes and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float

from gno.errors import ConfigError
from gno.graph.multilevel import MultilevelData
from gno.mesh.coarsening import coarsen
from gno.mesh.geometry import cell_centroid, cell_volume
from gno.mesh.mesh import Mesh
from gno.mesh.transfer import node_means
from gno.models.coarse.solve import CoarseSolve
from gno.models.features.channel import Channel
from gno.models.hybrids.face_patches import FacePatches
from gno.models.hybrids.learned_upscaling import LearnedUpscaling, Upscalable, check_upscalable
from gno.models.operator.coarse_graph import prolonged
from gno.problems import problem_of

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

CELL_ERRORS = ("cells_relative_l2", "coarse_cells_relative_l2")
"""Names of the errors in the cells of the coarse mesh."""


def has_cells(operator: Operator) -> bool:
    """Whether the graphs of an operator are of the cells of a coarse mesh."""
    return isinstance(operator.network, LearnedUpscaling)


def cells_graph(operator: Operator, mesh: Mesh, like: MultilevelData | None = None) -> MultilevelData:
    """The graph of the coarse cells of a mesh, as ``LearnedUpscaling`` takes it.

    Args:
        operator: whose network it is.
        mesh: the fine mesh, with the inputs; with the target, too, the graph has ``y``, its means over the cells.
        like: a graph of the same mesh with other fields, whose coarse mesh is taken.

    Raises:
        ConfigError: a problem whose equations the network cannot correct, or a coarse mesh that is no coarser.
        DataError: an input that is missing.
        MeshError: a mesh that cannot be coarsened so far.
    """
    problem, network, target = upscaled_problem(operator), _network(operator), operator.targets[0]
    coarse = coarsen(mesh, network.nodes) if like is None else like.coarse
    system = problem.equations(problem.transferred(mesh, coarse))
    around = FacePatches.of(mesh, problem.medium(mesh), system.flux.geometry, network.points)
    kind = next(network.parameters()).dtype
    base = target.encode(torch.zeros(coarse.num_cells, 1, dtype=torch.float64))
    graph = MultilevelData(
        x=torch.zeros(coarse.num_cells, 0, dtype=kind),
        pos=torch.from_numpy(cell_centroid(coarse)),
        node_volume=torch.from_numpy(np.abs(cell_volume(coarse))).to(kind),
        medium=around.medium.to(kind),
        places=around.places.to(kind),
        outer=around.outer.to(kind),
        base=base.to(kind),
        unit=(target.encode(torch.ones_like(base)) - base).to(kind),
    )
    if target.spec.name in {*mesh.point_data, *mesh.cell_data}:
        truth = node_means(mesh, target.values(mesh).numpy(), coarse)
        graph.y = target.encode(torch.from_numpy(truth)).to(kind)
    graph.system, graph.coarse = system, coarse
    return graph


def solved_at_nodes(operator: Operator, mesh: Mesh) -> dict[str, Float[np.ndarray, " nodes"]]:
    """The learned coarse solution, interpolated at the nodes of the fine mesh.

    Args:
        operator: whose network is a ``LearnedUpscaling``.
        mesh: the fine mesh, with the inputs.

    Raises:
        ConfigError: a problem whose equations the network cannot correct, or a coarse mesh that is no coarser.
        SolverError: the coarse solve does not converge.
    """
    name = operator.targets[0].spec.name
    return {name: prolonged(operator, mesh, learned_solve(operator)).point_data[name]}


@torch.no_grad()
def cell_errors(operator: Operator, mesh: Mesh) -> dict[str, float]:
    """Relative errors in L2 in the cells of the coarse mesh, against the means of the truth: learned, and classical.

    Args:
        operator: whose network is a ``LearnedUpscaling``.
        mesh: the fine mesh, with inputs and target.
    """
    graph = operator.graph(mesh).to(next(operator.parameters()).device)
    weight, truth = graph.node_volume, graph.y - graph.base
    classical = graph.unit * graph.system.solve(0).u[:, None].to(graph.unit)
    found = {"cells_": operator(graph) - graph.base, "coarse_cells_": classical}
    size = (weight @ truth.square()).sqrt()
    errors = {prefix: (weight @ (values - truth).square()).sqrt() / size for prefix, values in found.items()}
    return {f"{prefix}relative_l2": float(error) for prefix, error in errors.items()}


def learned_solve(operator: Operator) -> CoarseSolve:
    """The coarse solver with the equations that an operator has learned; ``plain`` is that of the problem alone.

    Args:
        operator: whose network is a ``LearnedUpscaling``.

    Raises:
        ConfigError: a problem whose equations the network cannot correct.
    """
    network = _network(operator)
    return CoarseSolve(upscaled_problem(operator), nodes=network.nodes, upscaling=network)


def upscaled_problem(operator: Operator) -> Upscalable:
    """The problem whose equations an operator corrects.

    Args:
        operator: whose network is a ``LearnedUpscaling``.

    Raises:
        ConfigError: none of ours, or one without equations of diffusion.
    """
    problem = problem_of(operator.attributes)
    check_upscalable(problem)
    return problem  # type: ignore[return-value]


def check_target(targets: tuple[Channel, ...]) -> None:
    """Refuse targets that no equation of diffusion has.

    Args:
        targets: of an operator whose network is a ``LearnedUpscaling``.

    Raises:
        ConfigError: more than one, a vector, or the logarithm of one.
    """
    specs = [channel.spec for channel in targets]
    if len(specs) != 1 or specs[0].components != 1 or targets[0].normalizer.transform != "none":
        names = ", ".join(spec.name for spec in specs)
        raise ConfigError(f"the targets are {names}", why="learned upscaling has one scalar field, without a logarithm")


def _network(operator: Operator) -> LearnedUpscaling:
    if not isinstance(operator.network, LearnedUpscaling):
        raise ConfigError(f"the network is {type(operator.network).__name__}", why="LearnedUpscaling is wanted")
    return operator.network
