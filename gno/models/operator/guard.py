"""What keeps a learned correction from doing harm: the equations of the fine mesh."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gno.mesh.geometry import cell_volume
from gno.mesh.means import corner_mean
from gno.mesh.mesh import Mesh
from gno.models.coarse.solve import CoarseSolve
from gno.models.operator.coarse_graph import coarse_of
from gno.problems.misfit import misfit

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

IS_CORRECTED = "is_corrected"
"""Field of a prediction: 1 where it is the coarse solution and its correction, 0 where it is the coarse solution."""


def guarded(
    operator: Operator, mesh: Mesh, corrected: Mapping[str, np.ndarray], base: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The corrected fields, if they miss the equations of the fine mesh by less than the uncorrected ones.

    Both are smoothed first, as the coarse solver says, so that a correction has to bring more than that does alone.
    The residual weighs what is rough, and hardly sees a smooth error. Where the problem knows a V-cycle, what one would
    change, which is nearly the error itself, has to be less as well.

    Args:
        operator: whose network corrects a coarse solution.
        mesh: the fine mesh, with the inputs.
        corrected: field to values at the nodes.
        base: the same of the prolonged coarse solution.

    Returns:
        the fields, smoothed, and ``is_corrected`` at the nodes.
    """
    coarse = coarse_of(operator)
    new, old = (_smoothed(coarse, mesh, fields) for fields in (corrected, base))
    missed = zip(_missed(coarse, new, list(base)), _missed(coarse, old, list(base)))
    kept = all(after <= before for after, before in missed)
    found = {name: (new if kept else old).point_data[name] for name in base}
    return {**found, IS_CORRECTED: np.full(mesh.num_points, float(kept))}


def _smoothed(coarse: CoarseSolve, mesh: Mesh, fields: Mapping[str, np.ndarray]) -> Mesh:
    given = mesh.with_data({**mesh.point_data, **fields})
    return coarse.smoothed(given) if _finite(fields) else given


def _missed(coarse: CoarseSolve, mesh: Mesh, names: Sequence[str]) -> list[float]:
    """The relative residual of some fields, and the size of what a V-cycle would change, where there is one."""
    if not _finite({name: mesh.point_data[name] for name in names}):
        return [math.inf]
    missed = [misfit(coarse.equations, mesh).relative]
    if not coarse.has_cycle:
        return missed
    found, volume = coarse.cycled(mesh).cell_data, np.abs(cell_volume(mesh))
    changes = (found[name] - corner_mean(mesh, mesh.point_data[name]) for name in names)
    return [*missed, float(np.sqrt(sum(volume @ change**2 for change in changes)))]


def _finite(fields: Mapping[str, np.ndarray]) -> bool:
    return all(bool(np.isfinite(values).all()) for values in fields.values())
