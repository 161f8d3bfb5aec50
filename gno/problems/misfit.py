"""By how much fields miss the discrete equations of a mesh, relative to fields that say nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
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
        relative: norm of what the cells miss over that of the start: 0 for the discrete solution, 1 for the start.
        cells: the residual in each cell, per unit volume.
        scale: root mean square of the residual of the start, over the volume; 1 where that is zero.
    """

    relative: float
    cells: Float[np.ndarray, "cells equations"]
    scale: float


def misfit(equations: Equations, mesh: Mesh) -> Misfit:
    r"""The relative residual of the fields at the nodes of a mesh.

    .. math::
        \Big( \sum_P V_P^2 \, |R_P(u)|^2 \Big/ \sum_P V_P^2 \, |R_P(u_0)|^2 \Big)^{1/2}

    Values at the nodes go to the cells by means, so that the discrete solution, too, has a residual after its way to
    the nodes and back: about a half on even triangles.

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
    rest, start = (
        np.asarray(equations.residual(m), dtype=np.float64).reshape(mesh.num_cells, -1)
        for m in (mesh, equations.start(mesh))
    )
    volume = np.abs(cell_volume(mesh))[:, None]
    size = float(np.linalg.norm(volume * start)) or 1.0
    scale = float(np.sqrt((volume * start**2).sum() / volume.sum())) or 1.0
    return Misfit(float(np.linalg.norm(volume * rest)) / size, rest, scale)


def relative_misfit(equations: Equations, mesh: Mesh, fields: Mapping[str, np.ndarray]) -> float:
    """The relative residual of fields that were found; NaN where they are not finite.

    Args:
        equations: the problem.
        mesh: with the inputs.
        fields: the targets at its nodes.

    Raises:
        DataError: a field that is missing.
    """
    if not all(np.isfinite(values).all() for values in fields.values()):
        return math.nan
    return misfit(equations, mesh.with_data({**mesh.point_data, **fields})).relative
