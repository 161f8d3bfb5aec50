"""Programs that run where this library is not installed: a network as one graph of operations of torch."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from gno.errors import DataError
from gno.graph.multilevel import MultilevelData
from gno.models.operator import Operator

_EDGES = re.compile(r"(intra|restrict|prolong)_\d+")
_INPUTS = re.compile(r"x|pos|boundary_distance|is_boundary|(nodes|volume|intra|restrict|prolong)_\d+")


def export(model: nn.Module, graph: MultilevelData) -> ExportedProgram:
    """The forward pass of a network or an operator, for any number of nodes and edges.

    ``torch.export.save`` writes the program to a file; ``torch.export.load(file).module()`` runs it, with torch alone.
    It takes one dictionary, the tensors that ``export_inputs`` lists, and returns ``(nodes, out)``: of an operator the
    physical values of its targets.

    Args:
        model: a ``GKN``, ``MGKN`` or ``Operator``.
        graph: any graph that the model takes, with at least two nodes and edges of each kind.

    Raises:
        DataError: a graph with a level of one node, or without edges between or inside levels.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> from gno.models import GKN
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(), radius=(0.3,)), x=torch.zeros(30, 1))
        >>> program = export(GKN(1, 1, radius=(0.3,)), graph)  # doctest: +SKIP
        >>> torch.export.save(program, "gkn.pt2")  # doctest: +SKIP
        >>> torch.export.load("gkn.pt2").module()(export_inputs(graph)).shape  # doctest: +SKIP
        torch.Size([30, 1])
    """
    tensors = export_inputs(graph)
    small = [name for name, value in tensors.items() if value.shape[_axis(name)] < 2]
    if small:
        raise DataError(
            f"{small[0]} has {tensors[small[0]].shape[_axis(small[0])]} entries",
            why="sizes of 0 and 1 would be taken as fixed",
            fix="export with a graph of a larger mesh; the program runs on smaller ones",
        )
    dynamic = {name: {_axis(name): Dim.DYNAMIC} for name in tensors}
    with torch.no_grad():
        return torch.export.export(_OfTensors(model).eval(), (tensors,), dynamic_shapes=(dynamic,), strict=False)


def export_inputs(graph: MultilevelData) -> dict[str, Tensor]:
    """What an exported program takes of a graph.

    Args:
        graph: made by ``Operator.graph`` or ``gno.graph.multilevel_graph``.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(9, 2, dtype=torch.float64)
        >>> sorted(export_inputs(multilevel_graph(pos, Hierarchy.build(pos, spacing=(), radius=(0.3,)))))
        ['intra_0', 'nodes_0', 'pos', 'volume_0']
    """
    return {name: value for name, value in graph.to_dict().items() if _INPUTS.fullmatch(name)}


class _OfTensors(nn.Module):
    """A model as a function of a dictionary of tensors."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tensors: dict[str, Tensor]) -> Any:
        out = self.model(MultilevelData(**tensors))
        return self.model.decode(out) if isinstance(self.model, Operator) else out


def _axis(name: str) -> int:
    return 1 if _EDGES.fullmatch(name) else 0
