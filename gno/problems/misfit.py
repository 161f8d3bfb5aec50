"""By how much fields miss the discrete equations of a mesh, relative to fields that say nothing."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from gno.mesh import Mesh, cell_volume


@runtime_checkable
class Equations(Protocol):
    """What knows the discrete equations of a mesh: a ``Problem``, for one."""

    def residual(self, mesh: Mesh) -> Float[np.ndarray, "cells *equations"]:
        """By how much the targets at the nodes of a mesh miss the equations in each cell, per unit volume."""

    def start(self, mesh: Mesh) -> Mesh:
        """The mesh with the fields that a solver starts from where it knows nothing."""


class Misfit(NamedTuple):
    """The residual of fields.

    Args:
        relative: norm of the residual over that of the start: 0 for the discrete solution, 1 for the start.
        cells: the residual in each cell, per unit volume.
        scale: root mean square of the residual of the start; 1 where that is zero.
    """

    relative: float
    cells: Float[np.ndarray, "cells *equations"]
    scale: float


def misfit(equations: Equations, mesh: Mesh) -> Misfit:
    r"""The relative residual of the fields at the nodes of a mesh.

    .. math::
        \Big( \sum_P V_P |R_P(u)|^2 \Big/ \sum_P V_P |R_P(u_0)|^2 \Big)^{1/2}

    Args:
        equations: the problem.
        mesh: with inputs and targets.

    Raises:
        DataError: a field that is missing.

    Example:
        >>> from gno.mesh import shapes
        >>> from gno.problems import Darcy
        >>> mesh = shapes.square(0.25)
        >>> mesh = mesh.with_data({"permeability": np.ones(mesh.num_points), "u": np.zeros(mesh.num_points)})
        >>> misfit(Darcy(), mesh).relative
        1.0
    """
    rest = np.asarray(equations.residual(mesh), dtype=np.float64)
    start = _mean_square(mesh, np.asarray(equations.residual(equations.start(mesh)), dtype=np.float64))
    scale = float(np.sqrt(start)) if start > 0 else 1.0
    return Misfit(float(np.sqrt(_mean_square(mesh, rest))) / scale, rest, scale)


def _mean_square(mesh: Mesh, rest: np.ndarray) -> float:
    volume = np.abs(cell_volume(mesh))
    return float(volume @ np.square(rest).reshape(len(volume), -1).sum(axis=1) / volume.sum())
