"""The loss of meshes that are too large for one process: each has its part of the nodes, and all the same loss."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Batch

from gno.models.operator.together import encoded_together, own_part
from gno.training.losses import LOSSES
from gno.training.objective import SteadyObjective
from gno.training.portion import Portion
from gno.training.position import Position
from gno.training.step import batch_loss


class PartitionObjective(SteadyObjective):
    """The fields of an operator against those of samples, one mesh at a time by all processes together."""

    def batch(self, portion: Portion, at: Position) -> Batch:
        """One sample, with the part of it that this process computes as ``part``."""
        batch = super().batch(portion, at)
        batch.part = own_part(self.operator, batch)
        return batch

    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """The mean over fields, equal on all processes; the gradient is that part which came through the own nodes."""
        encoded = encoded_together(self.operator, batch.part, batch.num_nodes).to(batch.y.dtype)
        prediction, target = self.operator.fields(encoded), self.operator.fields(batch.y)
        return batch_loss(prediction, target, batch, LOSSES[self.recipe.loss])
