"""What the graph of a mesh carries of a coarse solution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.mesh.faces import outer_nodes
from gno.mesh.geometry import node_volume
from gno.mesh.means import around_nodes
from gno.mesh.mesh import Mesh
from gno.models.coarse.solve import CoarseSolve
from gno.models.hybrids.domain import refuse_other_domain
from gno.models.hybrids.learned_upscaling import check_upscalable
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.problems import problem_of
from gno.problems.misfit import misfit

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator


def coarse_of(operator: Operator) -> CoarseSolve:
    """The coarse solver of an operator whose network corrects one.

    Raises:
        ConfigError: nobody has said what the solver is.
    """
    network = operator.network
    if not isinstance(network, SolverCorrector) or network.coarse is None:
        raise ConfigError(
            "the model corrects a coarse solution, and has no solver for it",
            why=f"the problem that it names, {operator.attributes.get('pde', 'none')!r}, is none of ours",
            fix="name one: coarse = { solver = { name = ... } }; or operator.network.coarse = CoarseSolve(solver)",
        )
    return network.coarse


def prolonged(operator: Operator, mesh: Mesh, coarse: CoarseSolve | None = None) -> Mesh:
    """The mesh with the prolonged coarse fields, zero on the boundary where the operator's targets are.

    Args:
        operator: whose network has a coarse solution inside.
        mesh: with the inputs.
        coarse: another solver than that inside of a corrector.

    Raises:
        ConfigError: no solver, or a fine mesh of no more nodes than the coarse one.
        DataError: a coarse mesh is given, and the fine one has another shape.
        SolverError: the coarse solve does not converge.
    """
    solve = coarse_of(operator) if coarse is None else coarse
    if solve.mesh is not None:
        refuse_other_domain(mesh, solve.mesh)
    names = [channel.spec.name for channel in operator.targets]
    result = solve.prolonged(mesh, names)
    if operator.boundary == "free":
        return result
    point, outer = dict(result.point_data), outer_nodes(mesh)
    for name in names:
        point[name] = point[name].copy()
        point[name][outer] = 0.0
    return result.with_data(point)


def coarse_fields(operator: Operator, mesh: Mesh, factor: Tensor) -> dict[str, Tensor]:
    """The attributes of a graph that ``SolverCorrector`` takes, in double precision.

    Args:
        operator: whose network it is.
        mesh: the fine mesh, with the inputs.
        factor: ``(nodes,)`` that the correction is multiplied by.

    Raises:
        ConfigError: no solver, or a fine mesh of no more nodes than the coarse one.
        DataError: equations of another number than the channels of the targets.
        SolverError: the coarse solve does not converge.
    """
    found = prolonged(operator, mesh)
    rest = misfit(coarse_of(operator).equations, found)
    if rest.cells.shape[1] != operator.num_outputs:
        raise DataError(
            f"the solver has {rest.cells.shape[1]} equations in a cell",
            why=f"the targets have {operator.num_outputs} channels",
        )
    weight = node_volume(mesh) / node_volume(mesh).sum()
    base, unit, seen = [], [], []
    for channel in operator.targets:
        values = channel.values(found)
        size = float(torch.from_numpy(weight) @ values.square().sum(dim=1)) ** 0.5
        base.append(channel.encode(values))
        unit.append(factor[:, None] * size / torch.tensor(channel.normalizer.std, dtype=values.dtype))
        seen.append(values / size if size > 0 else values)
    return {
        "base": torch.cat(base, dim=1),
        "unit": torch.cat(unit, dim=1),
        "prolonged": torch.cat(seen, dim=1),
        "rest": torch.from_numpy(np.ascontiguousarray(around_nodes(mesh, rest.cells) / rest.scale)),
    }


@torch.no_grad()
def measure(operator: Operator, meshes: Iterable[Mesh]) -> None:
    """Set the typical sizes of correction and residual in ``SolverCorrector``, from training samples.

    Args:
        operator: whose network corrects a coarse solution.
        meshes: with inputs and targets.
    """
    squares = []
    for mesh in meshes:
        graph = operator.graph(mesh)
        share = (graph.node_volume / graph.node_volume.sum())[:, None]
        missed, unit, rest = (
            (share * values.square()).sum(dim=0) for values in (graph.y - graph.base, graph.unit, graph.rest)
        )
        squares.append(torch.stack([torch.where(unit > 0, missed / unit, 0.0), rest]))
    typical = torch.stack(squares).mean(dim=0).sqrt()
    for name, values in zip(("scale", "rest_scale"), torch.where(typical > 0, typical, 1.0)):
        getattr(operator.network, name).copy_(values)


def bind(network: nn.Module, attributes: Mapping[str, Any]) -> None:
    """Give a ``SolverCorrector`` without a solver that of the problem that some attributes name.

    Args:
        network: any network.
        attributes: of a dataset or a model.
    """
    if isinstance(network, SolverCorrector) and network.coarse is None:
        problem = problem_of(attributes)
        if network.upscaling is not None:
            check_upscalable(problem)
        table = {**network.table, "upscaling": network.upscaling}
        network.coarse = CoarseSolve(problem, **table) if problem is not None else None
