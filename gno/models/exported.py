"""Programs that run where this library is not installed: a network as one graph of operations of torch."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from gno.errors import ConfigError, DataError
from gno.graph.multilevel import MultilevelData
from gno.models.features.channel import Channel
from gno.models.hybrids.learned_upscaling import LearnedUpscaling
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.models.hybrids.step_corrector import StepCorrector
from gno.models.in_time.propagator import STEP, Propagator
from gno.models.operator.operator import Operator

_EDGES = re.compile(r"edge_index|(intra|restrict|prolong)_\d+")
_TAKEN = re.compile(r"x|pos|edge_index|boundary_distance|is_boundary|(nodes|volume|intra|restrict|prolong)_\d+")


def export(model: nn.Module, graph: MultilevelData) -> ExportedProgram:
    """The forward pass of a network or an operator, or one step of a propagator, for any number of nodes and edges.

    ``torch.export.save`` writes the program to a file; ``torch.export.load(file).module()`` runs it, with torch alone.
    It takes one dictionary, the tensors of ``export_inputs``, and returns ``(nodes, out)``: of an operator the
    physical values of its targets, of a propagator the next state, which is ``state`` in the next call. The tensors of
    ``graph`` go with it, as ``example_inputs``.

    Args:
        model: a network of ``gno.models``, an ``Operator`` or a ``Propagator``.
        graph: any graph that the model takes, with at least two nodes and two edges of each kind.

    Raises:
        ConfigError: a network that corrects a coarse solution.
        DataError: a graph with a level of one node, or with fewer edges.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> from gno.models import GKN
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(), radius=(0.3,)), x=torch.zeros(30, 1))
        >>> program = export(GKN(1, 1, radius=(0.3,)), graph)  # doctest: +SKIP
        >>> torch.export.save(program, "gkn.pt2")  # doctest: +SKIP
        >>> program = torch.export.load("gkn.pt2")  # doctest: +SKIP
        >>> program.module()(*program.example_inputs[0]).shape  # doctest: +SKIP
        torch.Size([30, 1])
    """
    operator = model.operator if isinstance(model, Propagator) else model
    if isinstance(
        operator.network if isinstance(operator, Operator) else operator,
        SolverCorrector | LearnedUpscaling | StepCorrector,
    ):
        raise ConfigError(
            "a network with a coarse solver inside cannot be exported",
            why="its solver is no program of torch alone",
            fix="predict with it, by gno predict or Operator.predict",
        )
    tensors = export_inputs(model, graph)
    for name, value in tensors.items():
        if name != STEP and value.shape[_axis(name)] < 2:
            raise DataError(
                f"{name} has {value.shape[_axis(name)]} entries",
                why="a size of 0 or 1 would be taken as fixed",
                fix="export with a larger mesh; the program runs on smaller ones, too",
            )
    sizes = {name: {} if name == STEP else {_axis(name): Dim.DYNAMIC} for name in tensors}
    with torch.no_grad():
        return torch.export.export(_function(model).eval(), (tensors,), dynamic_shapes=(sizes,), strict=False)


def export_inputs(model: nn.Module, graph: MultilevelData) -> dict[str, Tensor]:
    """What an exported program takes.

    Args:
        model: what was exported.
        graph: that it is to run on.

    Returns:
        Positions, and nodes, edges and volumes of the levels, by their names in the graph; ``x`` of a network. Of an
        operator, ``inputs``: physical values ``(nodes, in)`` of its input fields, and ``features``, what it sees of
        the geometry. Of a propagator so as well: ``inputs`` are the still fields, if there are any, ``state (nodes,
        channels)`` and ``time_step (1,)`` those of ``graph``, as of ``Propagator.at``, and nodes where ``is_fixed
        (nodes,)`` keep their values, unless the caller writes others into the next state.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> from gno.models import GKN
        >>> pos = torch.rand(9, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(), radius=(0.3,)), x=torch.zeros(9, 1))
        >>> sorted(export_inputs(GKN(1, 1, radius=(0.3,)), graph))
        ['intra_0', 'nodes_0', 'pos', 'volume_0', 'x']
    """
    if isinstance(model, Propagator):
        return _with_a_state(model, export_inputs(model.operator, graph)) | {"is_fixed": graph.is_fixed}
    tensors = {name: value for name, value in graph.to_dict().items() if _TAKEN.fullmatch(name)}
    if isinstance(model, Operator):
        encoded, features = tensors.pop("x").tensor_split([model.num_inputs], dim=1)
        tensors["features"] = features.clone()  # the program would ask of every input to be a view, as this one was
        tensors["inputs"] = torch.cat([c.decode(part) for c, part in _by_channel(model.inputs, encoded)], dim=1)
    return tensors


def _with_a_state(propagator: Propagator, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """State and step apart from the fields that stand still."""
    first = propagator.operator.num_inputs - propagator.num_states - 1
    still, state, step = (part.clone() for part in tensors.pop("inputs").tensor_split([first, -1], dim=1))
    return tensors | ({"inputs": still} if first else {}) | {"state": state, STEP: step[0]}


def _function(model: nn.Module) -> nn.Module:
    if isinstance(model, Propagator):
        return _OfAState(model)
    return _OfPhysicalFields(model) if isinstance(model, Operator) else _OfTensors(model)


class _OfTensors(nn.Module):
    """A network as a function of a dictionary of tensors."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, tensors: dict[str, Tensor]) -> Tensor:
        return self.network(MultilevelData(**tensors))


class _OfPhysicalFields(nn.Module):
    """An operator as a function of a dictionary of tensors, from physical values to physical values."""

    def __init__(self, operator: Operator) -> None:
        super().__init__()
        self.operator = operator

    def forward(self, tensors: dict[str, Tensor]) -> Tensor:
        levels = {name: value for name, value in tensors.items() if name not in ("inputs", "features")}
        x = [channel.encode(part) for channel, part in _by_channel(self.operator.inputs, tensors["inputs"])]
        graph = MultilevelData(x=torch.cat([*x, tensors["features"]], dim=1), **levels)
        return self.operator.decode(self.operator(graph))


class _OfAState(nn.Module):
    """A step of a propagator as a function of a dictionary of tensors, from state to state."""

    def __init__(self, propagator: Propagator) -> None:
        super().__init__()
        self.propagator = propagator

    def forward(self, tensors: dict[str, Tensor]) -> Tensor:
        own, features = self.propagator, tensors["features"]
        levels = {name: value for name, value in tensors.items() if name not in ("inputs", "features", "state", STEP)}
        still = _by_channel(own.still, tensors["inputs"]) if own.still else []
        blank = features.new_zeros(features.shape[0], own.num_states + 1)  # for the state and the step
        x = torch.cat([*(channel.encode(part) for channel, part in still), blank, features], dim=1)
        return own.advance(MultilevelData(x=x, **levels), tensors["state"], tensors[STEP])


def _by_channel(channels: tuple[Channel, ...], values: Tensor) -> list[tuple[Channel, Tensor]]:
    return list(zip(channels, values.split([channel.spec.components for channel in channels], dim=1)))


def _axis(name: str) -> int:
    return 1 if _EDGES.fullmatch(name) else 0
