"""The permeability that a coarse mesh sees of a fine medium."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gno.mesh import Mesh
from gno.mesh.means import around_nodes
from gno.mesh.simplices import simplices
from gno.mesh.transfer import containing_cells, means_in


def upscaled(
    mesh: Mesh, permeability: Float[np.ndarray, " cells"], coarse: Mesh
) -> Float[np.ndarray, "coarse dim dim"]:
    r"""Permeability of coarse cells: as if each were made of layers.

    .. math::
        K_C = \langle k \rangle \, (I - n n^\top) + \langle k^{-1} \rangle^{-1} \, n n^\top

    Flow along layers sees the arithmetic mean, flow across them the harmonic one, and any medium lies between these
    bounds. The normal ``n`` of the layers is the direction in which :math:`\ln k` varies most inside the cell, the
    first eigenvector of :math:`\int_C \nabla \ln k \, \nabla \ln k^\top`.

    Source: Wen and Gomez-Hernandez 1996, https://doi.org/10.1016/S0022-1694(96)80030-8, a review of such means.

    Args:
        mesh: the fine mesh.
        permeability: of its cells, positive.
        coarse: mesh of the same domain.

    Raises:
        MeshError: a coarse mesh without cells, or of another dimension.

    Example:
        >>> from gno.mesh import shapes
        >>> fine, coarse = shapes.square(0.25, kind="quad"), shapes.square(1.0, kind="quad")
        >>> layers = np.where(fine.points[fine.cells["quad"]].mean(axis=1)[:, 1] < 0.5, 1.0, 3.0)
        >>> upscaled(fine, layers, coarse).round(6).tolist()
        [[[2.0, 0.0], [0.0, 1.5]]]
    """
    cell = containing_cells(mesh, coarse)
    along = means_in(cell, mesh, permeability, coarse)
    across = 1 / means_in(cell, mesh, 1 / permeability, coarse)
    normal = _steepest(mesh, permeability, cell, coarse.num_cells)
    layers = np.einsum("ci,cj->cij", normal, normal)
    result: np.ndarray = along[:, None, None] * (np.eye(mesh.dim) - layers) + across[:, None, None] * layers
    return result


def _steepest(mesh: Mesh, permeability: np.ndarray, cell: np.ndarray, num_cells: int) -> np.ndarray:
    """Unit vector along which the logarithm varies most in each coarse cell."""
    corners, of, edges = simplices(mesh)
    values = around_nodes(mesh, np.log(permeability))[corners]
    slope = np.linalg.solve(edges, (values[:, 1:] - values[:, :1])[:, :, None])[:, :, 0]
    size = np.abs(np.linalg.det(edges))[:, None, None]
    variation = np.zeros((num_cells, mesh.dim, mesh.dim))
    np.add.at(variation, cell[of], size * np.einsum("si,sj->sij", slope, slope))
    steepest: np.ndarray = np.linalg.eigh(variation)[1][:, :, -1]
    return steepest
