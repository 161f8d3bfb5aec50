"""Rollouts of the plain solver, beside those of a model that corrects its steps."""

from __future__ import annotations

import time

import numpy as np
import torch

from gno.mesh import Mesh
from gno.models import Propagator
from gno.training.rollouts import Rollout

FINER = {"coarse_": 1, "finer_": 2}
"""How many times finer the solver's own mesh is; with the prefixes of their numbers."""


def plain_rollouts(propagator: Propagator, mesh: Mesh, one: Rollout) -> dict[str, tuple[Rollout, float]]:
    """The plain solver inside of a model from the first state of a rollout on, and the CPU seconds of its steps.

    Args:
        propagator: the model.
        mesh: of the trajectory, with the inputs that stand still.
        one: the rollout of the model.

    Returns:
        prefix to rollout and seconds; nothing of a model without a solver.
    """
    step = propagator.coarse_step
    if step is None:
        return {}
    found, lengths = {}, np.diff(one.time).tolist()
    for method, finer in FINER.items():
        begun = time.process_time()
        states = step.march(mesh, one.truth[0], lengths, finer=finer)
        seconds = (time.process_time() - begun) / max(len(lengths), 1)
        found[method] = one._replace(prediction=torch.cat([one.truth[:1], states])), seconds
    return found
