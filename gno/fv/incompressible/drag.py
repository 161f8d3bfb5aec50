"""Forces of a flow on patches of its boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.incompressible.flow import Flow


class Coefficients(NamedTuple):
    """Drag and lift.

    Args:
        cd: along the direction of the flow.
        cl: across it, to the left.
    """

    cd: Float[Tensor, ""]
    cl: Float[Tensor, ""]


def forces(flow: Flow, patch: str) -> Float[Tensor, " dim"]:
    r"""Force of the fluid on a patch, by pressure and friction, as the balances of momentum have it.

    .. math::
        F = \sum_f p_f S_f - \nu \, (\partial u / \partial n)_f |S_f|

    Args:
        flow: of density one; in two dimensions the force is that on a unit of depth.
        patch: its name.

    Raises:
        ConfigError: an unknown patch, which lists those there are.
    """
    return flow.traction[flow.outer(patch)].sum(0)


def coefficients(
    force: Float[Tensor, " dim"],
    *,
    velocity: float,
    length: float,
    direction: Sequence[float | int] | np.ndarray | Tensor = (1.0, 0.0),
    density: float = 1.0,
) -> Coefficients:
    r"""Coefficients of drag and lift, :math:`c = 2 F / (\rho U^2 L)`.

    Args:
        force: from ``forces``.
        velocity: ``U``, of the undisturbed flow.
        length: ``L``, as the diameter of a cylinder; in three dimensions an area.
        direction: of the flow, in the plane of drag and lift; lift is a quarter turn to its left.
        density: :math:`\rho`; of the solvers it is one.

    Raises:
        ConfigError: a velocity, length or direction that is nought.

    Example:
        >>> coefficients(torch.tensor([2.0, 1.0]), velocity=2.0, length=1.0)
        Coefficients(cd=tensor(1.), cl=tensor(0.5000))
    """
    along = torch.as_tensor(direction, dtype=force.dtype, device=force.device)[: len(force)]
    size = float(torch.linalg.vector_norm(along))
    if not (velocity and length and size):
        raise ConfigError(
            f"velocity {velocity}, length {length}, direction of length {size:g}", why="none of them may be nought"
        )
    along = along / size
    drag = along.new_zeros(len(force)).index_add(0, torch.arange(len(along)), along)
    lift = torch.zeros_like(drag).index_add(0, torch.arange(2), torch.stack([-along[1], along[0]]))
    scale = 2 / (density * velocity**2 * length)
    return Coefficients(scale * (force * drag).sum(), scale * (force * lift).sum())
