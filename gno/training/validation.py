"""Errors of a network over a split: each sample, each field, and their means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch

from gno.models import Operator
from gno.models.operator.coarse_cells import has_cells
from gno.models.operator.together import encoded_together, own_part
from gno.training.batches import Graphs
from gno.training.gradient import SimplexGradient
from gno.training.metrics import relative_h1, relative_l2, relative_maximum
from gno.training.processes import Processes

FieldErrors = dict[str, dict[str, float]]
"""Field to error to number, of one sample."""
ERRORS = ("relative_l2", "relative_h1", "relative_max")
"""Names of the errors."""


def field_errors(
    prediction: Mapping[str, Tensor], target: Mapping[str, Tensor], weight: Tensor, gradient: SimplexGradient | None
) -> FieldErrors:
    """Errors of the fields of one sample, computed in double precision.

    Args:
        prediction: field to values ``(nodes,)`` or ``(nodes, components)``.
        target: the same of the true fields.
        weight: volumes of the nodes ``(nodes,)``.
        gradient: of the mesh, in double precision; without one there is no error in H1.

    Returns:
        field to error to number.
    """
    result, weight = {}, weight.double().cpu()
    for name, truth in target.items():
        u, v = truth.double().cpu(), prediction[name].double().cpu()
        numbers = {"relative_l2": relative_l2(v, u, weight)}
        if gradient is not None:
            numbers["relative_h1"] = relative_h1(v, u, gradient)
        numbers["relative_max"] = relative_maximum(v, u)
        result[name] = {error: float(number) for error, number in numbers.items()}
    return result


def mean_errors(errors: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """Means over samples and fields; and, of more than one field, over the samples for each.

    Args:
        errors: those of each sample, as of ``field_errors``.

    Example:
        >>> mean_errors([{"u": {"relative_l2": 0.1}}, {"u": {"relative_l2": 0.3}}])
        {'relative_l2': 0.2}
    """
    fields = list(errors[0])
    kinds = list(errors[0][fields[0]])
    each = {f"{kind}_{f}": sum(e[f][kind] for e in errors) / len(errors) for f in fields for kind in kinds}
    result = {kind: sum(each[f"{kind}_{f}"] for f in fields) / len(fields) for kind in kinds}
    return result | each if len(fields) > 1 else result


class Validation:
    """The samples on which a network is validated.

    Args:
        graphs: of the split.
        batch_size: samples that are computed at once.
        processes: that share the split.
        together: all compute the same mesh, each a part of its nodes.
    """

    def __init__(
        self, graphs: Graphs, *, batch_size: int, processes: Processes | None = None, together: bool = False
    ) -> None:
        self.graphs, self.batch_size, self.processes = graphs, 1 if together else batch_size, processes or Processes()
        self.together = together and not self.processes.is_alone
        first, step = (0, 1) if self.together else (self.processes.rank, self.processes.size)
        self.own = range(first, len(graphs), step)
        self._gradients: dict[int, SimplexGradient] = {}

    @torch.no_grad()
    def errors(self, operator: Operator) -> dict[str, float]:
        """Mean errors of a network, as of ``mean_errors``."""
        was_training = operator.training
        operator.eval()
        found: dict[int, FieldErrors] = {}
        for first in range(0, len(self.own), self.batch_size):
            samples = self.own[first : first + self.batch_size]
            batch = self.graphs.batch(samples).to(self.processes.device)
            prediction, target = operator.fields(self._encoded(operator, batch)), operator.fields(batch.y)
            for g, i in enumerate(samples):
                part = slice(int(batch.ptr[g]), int(batch.ptr[g + 1]))
                v, u = ({name: values[part] for name, values in f.items()} for f in (prediction, target))
                gradient = None if has_cells(operator) else self._gradient(i)
                found[i] = field_errors(v, u, batch.node_volume[part], gradient)
        operator.train(was_training)
        kinds = [kind for kind in ERRORS if kind != "relative_h1" or not has_cells(operator)]
        return mean_errors(self._gathered(found, [channel.spec.name for channel in operator.targets], kinds))

    def _encoded(self, operator: Operator, batch: Batch) -> Tensor:
        if not self.together:
            result: Tensor = operator(batch)
            return result
        return encoded_together(operator, own_part(operator, batch.cpu()).to(self.processes.device), batch.num_nodes)

    def _gradient(self, i: int) -> SimplexGradient:
        """The gradient on the mesh of a sample, kept as the graphs are."""
        mesh = self.graphs.mesh_of(i)
        if mesh in self._gradients:
            return self._gradients[mesh]
        gradient = SimplexGradient.of(self.graphs.dataset[i].mesh, torch.float64)
        if self.graphs.take(gradient.num_bytes):
            self._gradients[mesh] = gradient
        return gradient

    def _gathered(
        self, found: Mapping[int, FieldErrors], names: Sequence[str], kinds: Sequence[str]
    ) -> list[FieldErrors]:
        """The errors of all samples in order, from all processes."""
        none = dict.fromkeys(names, dict.fromkeys(kinds, 0.0))
        every = [found.get(i, none) for i in range(len(self.graphs))]
        if self.together:
            return every
        total = iter(self.processes.total([e[name][kind] for e in every for name in names for kind in kinds]))
        return [{name: {kind: next(total) for kind in kinds} for name in names} for _ in every]
