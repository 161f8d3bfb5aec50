r"""Gaussian random fields :math:`N(0, (-\Delta + \tau^2)^{-2})` with zero flux at the boundary, as functions of space.

The mean over the domain is taken out of every field, as in the generator of the Graph Kernel Network's data: the
constant has by far the largest variance of all modes (1/81 for tau = 3, the next 1/356), and with it the sign of many
samples would be the same everywhere: a single phase.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import cKDTree

from gno.errors import ConfigError
from gno.fv import Diffusion, Neumann, cells_to_nodes
from gno.mesh import Mesh, cell_volume
from gno.typing import Points

RandomField = Callable[[np.ndarray], np.ndarray]
"""Values ``(n,)`` at points ``(n, dim)``."""


def square_field(side: float, rng: np.random.Generator, *, tau: float = 3.0, modes: int = 64) -> RandomField:
    r"""A field on the square :math:`[0, s]^2`, by its cosine series.

    .. math::
        \varphi(x) = \sum_{k \ne 0} \frac{\xi_k}{\pi^2 |k|^2 / s^2 + \tau^2} \,
        \frac{c_{k_1} c_{k_2}}{s} \cos \frac{\pi k_1 x_1}{s} \cos \frac{\pi k_2 x_2}{s},
        \qquad \xi_k \sim N(0, 1), \; c_0 = 1, \; c_k = \sqrt 2

    Source: Li et al. 2020, arXiv 2003.03485, section 4.

    Args:
        side: ``s``.
        rng: source of the random numbers.
        tau: inverse of the correlation length.
        modes: terms along each axis.

    Raises:
        ConfigError: a side or ``tau`` that is not positive.

    Example:
        >>> field = square_field(1.0, np.random.default_rng(0))
        >>> field(np.array([[0.5, 0.5], [0.1, 0.9]])).shape
        (2,)
    """
    _check("side", side)
    _check("tau", tau)
    wave = np.pi * np.arange(modes) / side
    norm = np.sqrt(np.where(wave > 0, 2.0, 1.0) / side)
    deviation = 1 / (np.add.outer(wave**2, wave**2) + tau**2)
    series = rng.standard_normal((modes, modes)) * deviation * np.outer(norm, norm)
    series[0, 0] = 0.0

    def field(points: np.ndarray) -> np.ndarray:
        along_x, along_y = (np.cos(points[:, [d]] * wave) for d in (0, 1))
        return np.einsum("nl,nl->n", along_x @ series, along_y)

    return field


def mesh_field(mesh: Mesh, rng: np.random.Generator, *, tau: float = 3.0) -> RandomField:
    r"""A field on any domain, through a mesh of it.

    .. math::
        (-\Delta + \tau^2) \, \varphi = W, \qquad \partial \varphi / \partial n = 0

    White noise ``W`` has the mean :math:`\xi_P / \sqrt{V_P}` over a cell. The solution at the nodes is continued
    linearly over the Delaunay triangles of the nodes, and from the nearest node outside of their hull, so that it is
    one function of space whatever mesh of the domain it is evaluated on.

    Source: Lindgren, Rue, Lindstrom 2011, https://doi.org/10.1111/j.1467-9868.2011.00777.x, section 2.

    Args:
        mesh: a mesh of the domain, finer than ``1 / tau``.
        rng: source of the random numbers.
        tau: inverse of the correlation length.

    Raises:
        ConfigError: ``tau`` is not positive.

    Example:
        >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> mesh = Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
        >>> mesh_field(mesh, np.random.default_rng(0))(points).shape
        (4,)
    """
    _check("tau", tau)
    volume = cell_volume(mesh)
    noise = rng.standard_normal(mesh.num_cells) / np.sqrt(volume)
    solution = Diffusion(mesh, {"*": Neumann()}).solve(1.0, noise, reaction=tau**2)
    mean = float(volume @ solution.u.numpy() / volume.sum())
    return _Interpolant(mesh.points, cells_to_nodes(mesh, solution.u - mean, solution.gradient).numpy())


class _Interpolant:
    """Linear between the points, constant outside of their hull."""

    def __init__(self, points: Points, values: np.ndarray) -> None:
        self._linear, self._tree, self._values = LinearNDInterpolator(points, values), cKDTree(points), values

    def __call__(self, points: np.ndarray) -> np.ndarray:
        result = np.asarray(self._linear(points), dtype=np.float64)
        outside = np.isnan(result)
        if outside.any():
            result[outside] = self._values[self._tree.query(points[outside])[1]]
        return result


def _check(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ConfigError(f"{name} is {value}", why="it must be positive and finite")
