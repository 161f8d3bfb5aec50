"""The score: how far fields are from those of a sample, and from what is conserved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gno.bench.accuracy.case import Case
from gno.bench.accuracy.equations import equations_of
from gno.datasets import Sample
from gno.mesh import node_volume
from gno.problems.misfit import relative_misfit
from gno.training.gradient import SimplexGradient
from gno.training.in_time import relative_divergence
from gno.training.losses import LOSSES
from gno.training.rollouts import series_errors

Fields = Mapping[str, np.ndarray]
"""Target to values at the nodes; of a trajectory at all instants after the first."""


def score(case: Case, sample: Sample, found: Fields) -> dict[str, float]:
    """Numbers of one sample.

    Args:
        case: that it is of.
        sample: with the targets.
        found: what was found of them.

    Returns:
        ``error``, the mean over the targets of the relative L2, or of the root of the loss ``nodal``. Of a steady
        sample ``residual`` as of ``gno.problems.misfit``, where there are equations. Of a trajectory ``error`` is the
        mean over the instants, ``last`` is that at the last one, and ``divergence`` is that of the velocity over its
        gradient, if there is one.
    """
    return (_in_time if case.time else _steady)(case, sample, found)


def _steady(case: Case, sample: Sample, found: Fields) -> dict[str, float]:
    mesh, one = sample.mesh, torch.zeros(sample.mesh.num_points, dtype=torch.int64)
    weight, loss = torch.from_numpy(node_volume(mesh)), LOSSES[case.loss]
    truth, prediction = _tensors({name: mesh.point_data[name] for name in found}), _tensors(found)
    errors = [float(loss(prediction[name], u, weight, one, 1)) for name, u in truth.items()]
    row = {"error": float(np.mean(np.sqrt(errors) if case.loss == "nodal" else errors))}
    equations = equations_of(case.problem_on(1.0))
    if equations is not None:
        row["residual"] = relative_misfit(equations, mesh.without(case.targets), found)
    return row


def _in_time(case: Case, sample: Sample, found: Fields) -> dict[str, float]:
    truth, prediction = _tensors({name: sample.point_series[name][1:] for name in case.targets}), _tensors(found)
    errors = series_errors(truth, prediction, torch.from_numpy(node_volume(sample.mesh)))
    curve = np.mean(list(errors.values()), axis=0)
    row = {"error": float(curve.mean()), "last": float(curve[-1])}
    if "velocity" in prediction:
        gradient = SimplexGradient.of(sample.mesh, torch.float64)
        row["divergence"] = float(np.mean([relative_divergence(v, gradient) for v in prediction["velocity"]]))
    return row


def _tensors(fields: Fields) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(values, dtype=np.float64)) for name, values in fields.items()}
