"""Training without labels: what the predicted fields miss of the discrete equations of their mesh."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Batch

from gno.errors import ConfigError
from gno.models import Operator
from gno.problems import Problem, problem_of
from gno.problems.nodal_energy import NodalEnergy
from gno.training.batches import Graphs
from gno.training.objective import SteadyObjective
from gno.training.portion import Portion
from gno.training.position import Position
from gno.training.recipe import Recipe


class ResidualObjective(SteadyObjective):
    r"""The residual of an operator's fields as an energy, sample by sample; their labels are not looked at.

    .. math::
        \frac{1}{S} \sum_s \sqrt{J_s(G_\theta(a_s))}

    with ``gno.problems.NodalEnergy`` :math:`J_s`, whose root is near to the relative error in the norm of energy.

    Args:
        operator: what is trained.
        recipe: of the run.
        graphs: of the training split.

    Raises:
        ConfigError: samples of no problem that is known, or of one whose residual has no energy.
    """

    def __init__(self, operator: Operator, recipe: Recipe, graphs: Graphs) -> None:
        super().__init__(operator, recipe, graphs)
        self.problem = _problem(graphs)
        self._kept: dict[int, NodalEnergy] = {}
        self.energy(0)  # refuses here, before anything is written

    def energy(self, i: int) -> NodalEnergy:
        """What measures the fields of sample ``i``, kept as the graphs are."""
        if i in self._kept:
            return self._kept[i]
        energy = self.problem.energy(self.graphs.dataset[i].mesh)
        if self.graphs.take(energy.num_bytes):
            self._kept[i] = energy
        return energy

    def batch(self, portion: Portion, at: Position) -> Batch:
        """As of ``SteadyObjective``, with the numbers of the samples."""
        batch = super().batch(portion, at)
        batch.samples = torch.tensor(portion.samples)
        return batch

    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """The mean over the samples, as of ``Objective``."""
        fields = self.operator.fields(self.operator(batch).double())
        ends = batch.ptr.tolist()
        parts = [
            self.energy(i)({name: values[first:last] for name, values in fields.items()})
            for i, first, last in zip(batch.samples.tolist(), ends, ends[1:])
        ]
        return torch.stack(parts).sqrt().mean()


def _problem(graphs: Graphs) -> Problem:
    attributes = graphs.dataset.attributes
    problem = problem_of(attributes)
    if problem is None:
        raise ConfigError(
            f'loss = "residual" on samples of {attributes.get("pde", "no problem")!r}',
            why="their equations are not known", fix="train with labels, or on samples of gno generate darcy",
        )  # fmt: skip
    return problem
