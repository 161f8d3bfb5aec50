"""Curves against time: the error of a rollout, its correlation with the truth, the divergence of its velocity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.mesh import Mesh, node_volume
from gno.models import Propagator
from gno.training.gradient import SimplexGradient
from gno.training.metrics import rmse_minmax
from gno.training.rollouts import Rollout, errors_in_time

CORRELATED = 0.8
"""A rollout whose correlation with the truth falls below this is decorrelated."""

Curve = Float[np.ndarray, " instants"]


@dataclass(frozen=True, eq=False)
class Curves:
    """What is measured of a rollout at each instant, the first included.

    Args:
        time: the instants.
        errors: field to relative error in L2.
        correlation: with the truth, the mean over the fields.
        rmse: root mean square error after the first instant, of fields scaled by their ranges in training, as of
            ``rmse_minmax``.
        divergence: of the velocity, relative to its gradient; ``None`` without one.
        true_divergence: the same of the data.
    """

    time: Curve
    errors: dict[str, Curve]
    correlation: Curve
    rmse: float
    divergence: Curve | None = None
    true_divergence: Curve | None = None

    @property
    def error(self) -> Curve:
        """The mean over the fields."""
        result: Curve = np.mean(list(self.errors.values()), axis=0)
        return result

    @property
    def correlation_time(self) -> float:
        """How long the correlation stays above 0.8; to the end where it does not fall.

        Source: Lippe et al. 2023, arXiv 2308.05732, section 4.1.
        """
        lost = np.flatnonzero(self.correlation < CORRELATED)
        return float(self.time[lost[0] - 1 if len(lost) and lost[0] else -1] - self.time[0]) if len(self.time) else 0.0

    def numbers(self) -> dict[str, float]:
        """Means over the instants after the first."""
        after = self.error[1:]
        result = {"relative_l2": after.mean(), "relative_l2_first": after[0], "relative_l2_last": after[-1]}
        if len(self.errors) > 1:
            result |= {f"relative_l2_{name}": values[1:].mean() for name, values in self.errors.items()}
        result |= {"rmse_minmax": self.rmse, "correlation_time": self.correlation_time}
        for name, values in (("divergence", self.divergence), ("true_divergence", self.true_divergence)):
            if values is not None:
                result[name] = values[1:].mean()
        return {name: float(number) for name, number in result.items()}


def curves_of(propagator: Propagator, mesh: Mesh, rollout: Rollout) -> Curves:
    """The curves of a rollout.

    Args:
        propagator: whose states they are.
        mesh: of the trajectory.
        rollout: truth and prediction.
    """
    volume = torch.from_numpy(node_volume(mesh))
    errors = errors_in_time(propagator, rollout.truth, rollout.prediction, volume)
    parts = [[propagator.fields(state.double()) for state in states] for states in (rollout.truth, rollout.prediction)]
    correlation = [np.mean([_correlation(v[n], u[n], volume) for n in u]) for u, v in zip(*parts)]
    rmse = _rmse(propagator, rollout)
    names = [c.spec.name for c in propagator.states if c.spec.name == "velocity" and c.spec.components == mesh.dim]
    ends: list[Curve | None] = [None, None]
    if names:
        gradient = SimplexGradient.of(mesh, torch.float64)
        ends = [np.array([relative_divergence(fields[names[0]], gradient) for fields in part]) for part in parts]
    return Curves(rollout.time, errors, np.array(correlation), rmse, divergence=ends[1], true_divergence=ends[0])


def _rmse(propagator: Propagator, rollout: Rollout) -> float:
    """Over all instants after the first, nodes and components; not a number where the rollout is lost."""
    channels = propagator.states
    low, high = (torch.tensor([x for c in channels for x in getattr(c, end)]).double() for end in ("low", "high"))
    v, u = (states[1:].double().flatten(0, 1) for states in (rollout.prediction, rollout.truth))
    return float(rmse_minmax(v, u, low, high))


def _correlation(v: Tensor, u: Tensor, volume: Tensor) -> float:
    """Pearson's, with the volumes of the nodes; 1 of two constant fields, 0 of one."""
    weight = (volume / volume.sum()).view(-1, *[1] * (u.ndim - 1))
    u, v = (field - (weight * field).sum(dim=0) for field in (u, v))
    product, sizes = float((weight * u * v).sum()), [float((weight * field.square()).sum()) for field in (u, v)]
    if not all(np.isfinite([product, *sizes])):
        return 0.0
    size = float(np.sqrt(sizes[0] * sizes[1]))
    return product / size if size > 0 else float(sizes[0] == sizes[1])


def relative_divergence(velocity: Float[Tensor, "nodes dim"], gradient: SimplexGradient) -> float:
    """The divergence of a velocity over its gradient, both in L2; 0 of an even one.

    Args:
        velocity: at the nodes.
        gradient: of the mesh.
    """
    slopes = gradient(velocity)
    divergence = torch.einsum("sii->s", slopes).square()
    size = float((gradient.volume * slopes.square().sum(dim=(1, 2))).sum())
    return float(np.sqrt(float((gradient.volume * divergence).sum()) / size)) if size > 0 else 0.0
