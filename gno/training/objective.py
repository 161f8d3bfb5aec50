"""What a run makes small: here the errors of steady fields, in ``windows`` those of states in time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Batch

from gno.models import Operator
from gno.training.batches import Graphs, moved_rigidly
from gno.training.losses import LOSSES
from gno.training.portion import Portion
from gno.training.position import Position
from gno.training.recipe import Recipe
from gno.training.step import batch_loss


class Objective(ABC):
    """The samples of an epoch and the loss of some of them, which depends on recipe, epoch and step alone."""

    @property
    @abstractmethod
    def nodes(self) -> list[int]:
        """Nodes of each sample of an epoch."""

    @abstractmethod
    def batch(self, portion: Portion, at: Position) -> Batch:
        """Some samples as one graph; no weight of the model is looked at, so that it may be made ahead.

        Args:
            portion: which, and their places in the batch of this step.
            at: epoch and step, which decide what is drawn at random.
        """

    @abstractmethod
    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """The mean loss of the samples of a batch.

        Args:
            batch: of ``batch``, on the device of the model.
        """

    def __len__(self) -> int:
        return len(self.nodes)


@runtime_checkable
class Measured(Protocol):
    """What measures a model after every epoch; ``relative_l2`` decides which weights are the best."""

    def errors(self, model: Any, /) -> dict[str, float]:
        """Error to number."""


class SteadyObjective(Objective):
    """The fields of an operator against those of the samples.

    Args:
        operator: what is trained.
        recipe: of the run.
        graphs: of the training split.
    """

    def __init__(self, operator: Operator, recipe: Recipe, graphs: Graphs) -> None:
        self.operator, self.recipe, self.graphs = operator, recipe, graphs

    @property
    def nodes(self) -> list[int]:
        """Nodes of each sample, as of ``Objective``."""
        return self.graphs.nodes

    def batch(self, portion: Portion, at: Position) -> Batch:
        """The graphs of some samples, perhaps moved, as of ``Objective``."""
        batch = self.graphs.batch(portion.samples)
        if self.recipe.data.augment == "rigid":
            batch = moved_rigidly(batch, seed=self.recipe.seed, step=at.step, places=portion.places)
        return batch

    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """The mean over graphs and fields, as of ``Objective``."""
        encoded = self.operator(batch).to(batch.y.dtype)  # which autocast may have made shorter
        prediction, target = self.operator.fields(encoded), self.operator.fields(batch.y)
        return batch_loss(prediction, target, batch, LOSSES[self.recipe.loss])
