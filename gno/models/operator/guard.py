"""What keeps a learned correction from doing harm: the residual of the equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gno.mesh.mesh import Mesh
from gno.models.operator.coarse_graph import coarse_of
from gno.problems.misfit import misfit

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

IS_CORRECTED = "is_corrected"
"""Field of a prediction: 1 where it is the coarse solution and its correction, 0 where it is the coarse solution."""


def guarded(
    operator: Operator, mesh: Mesh, corrected: Mapping[str, np.ndarray], base: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The corrected fields, smoothed, if they miss the equations of the fine mesh by less than the uncorrected ones.

    Args:
        operator: whose network corrects a coarse solution.
        mesh: the fine mesh, with the inputs.
        corrected: field to values at the nodes.
        base: the same of the prolonged coarse solution.

    Returns:
        the fields, and ``is_corrected`` at the nodes.
    """
    coarse = coarse_of(operator)
    if _finite(corrected):
        found = coarse.smoothed(mesh.with_data({**mesh.point_data, **corrected})).point_data
        corrected = {name: found[name] for name in corrected}
    rest = [
        misfit(coarse.equations, mesh.with_data({**mesh.point_data, **fields})).relative if _finite(fields) else np.inf
        for fields in (corrected, base)
    ]
    kept = rest[0] <= rest[1]
    return {**(corrected if kept else base), IS_CORRECTED: np.full(mesh.num_points, float(kept))}


def _finite(fields: Mapping[str, np.ndarray]) -> bool:
    return all(bool(np.isfinite(values).all()) for values in fields.values())
