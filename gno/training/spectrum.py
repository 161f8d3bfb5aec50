"""Spectra of fields on a grid in a periodic box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from gno.mesh import Mesh
from gno.models import Propagator
from gno.training.history import Row
from gno.training.rollouts import Rollout


def spectrum(values: Float[np.ndarray, "*grid components"]) -> Float[np.ndarray, " waves"]:
    r"""Energy of a field in shells of wave numbers; of a velocity the kinetic energy.

    .. math::
        E(k) = \tfrac12 \sum_{k - 1/2 \le |\kappa| < k + 1/2} |\hat u_\kappa|^2, \qquad
        \sum_k E(k) = \tfrac12 \overline{|u|^2}

    Args:
        values: on a periodic grid, the components last.

    Returns:
        energy of the waves :math:`k = 0, 1, \dots`, as many as the box holds in its diagonal.

    Example:
        >>> x = 2 * np.pi * np.arange(8) / 8
        >>> np.round(spectrum(np.sin(3 * x)[:, None, None] * np.ones((8, 8, 1))), 12)[:5]
        array([0.  , 0.  , 0.  , 0.25, 0.  ])
    """
    axes = tuple(range(values.ndim - 1))
    sizes = values.shape[:-1]
    energy = 0.5 * (np.abs(np.fft.fftn(values, axes=axes) / np.prod(sizes)) ** 2).sum(axis=-1)
    waves = np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in sizes), indexing="ij")
    shell = np.floor(np.sqrt(sum(wave**2 for wave in waves)) + 0.5).astype(int)
    result: np.ndarray = np.bincount(shell.ravel(), weights=energy.ravel())
    return result


def grid_of(mesh: Mesh, period: Sequence[float]) -> Int[np.ndarray, "..."] | None:
    """Node numbers on the grid that the nodes of a periodic box form, one period along each axis.

    Args:
        mesh: any mesh.
        period: of the box.

    Returns:
        numbers ``(n_x, n_y)`` or ``(n_x, n_y, n_z)``; ``None`` where the nodes form no even grid.

    Example:
        >>> from gno.mesh import shapes
        >>> grid_of(shapes.square(0.25, kind="quad"), (1.0, 1.0)).shape
        (4, 4)
    """
    if len(period) != mesh.dim or not all(length > 0 for length in period):
        return None
    axes = []
    for x, length in zip(mesh.points.T, period):
        places = np.unique(np.round((x - x.min()) / length, 9))
        places = places[places < 1 - 1e-9]
        if not np.allclose(places, np.arange(len(places)) / len(places), atol=1e-7):
            return None
        axes.append(np.round((x - x.min()) / length * len(places)).astype(int))
    sizes = [int(axis.max()) + 1 for axis in axes]
    sizes = [n - 1 if np.ptp(x) > length * (1 - 1e-7) else n for n, x, length in zip(sizes, mesh.points.T, period)]
    inside = np.all([axis < n for axis, n in zip(axes, sizes)], axis=0)
    if int(inside.sum()) != int(np.prod(sizes)):
        return None
    grid = np.full(sizes, -1)
    grid[tuple(axis[inside] for axis in axes)] = np.flatnonzero(inside)
    return None if (grid < 0).any() else grid


def spectra(propagator: Propagator, mesh: Mesh, rollout: Rollout) -> list[Row]:
    """Spectra of all fields at the last instant, true and predicted; none where the nodes form no periodic grid.

    Args:
        propagator: whose states they are.
        mesh: of the trajectory.
        rollout: truth and prediction.
    """
    grid = grid_of(mesh, propagator.operator.geometry.period)
    if grid is None:
        return []
    columns: dict[str, np.ndarray] = {}
    for prefix, states in (("true", rollout.truth), ("predicted", rollout.prediction)):
        for name, values in propagator.fields(states[-1].double()).items():
            flat = values.numpy().reshape(len(values), -1)
            columns[f"{prefix}_{name}"] = spectrum(flat[grid])
    count = min(grid.shape) // 2
    rows = ({"wave_number": k} | {name: float(v[k]) for name, v in columns.items()} for k in range(1, count + 1))
    return list(rows)
