"""The sparse matrices of a projection method: they depend on the mesh and the kinds of conditions alone."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse

from gno.fv.incompressible.projection_boundary import TimedBoundary
from gno.fv.incompressible.projection_factor import PressureSystem, ViscousSystem
from gno.fv.linear.linear_map import LinearMap
from gno.fv.reconstruction.face_maps import face_maps
from gno.fv.volumes.mesh import FVMesh


class FlowOperators:
    r"""Divergence, interpolation, gradient and Laplacian of the velocity and the pressure, and their factors.

    Args:
        mesh: of cells.
        boundary: which faces have which condition.
        method: as in ``factorize_near``.

    Attributes:
        divergence: :math:`\sum_f \pm F_f` ``(cells, faces)``.
        mean_at: a field without conditions at the faces ``(faces, cells)``.
        velocity_at: velocity at the faces ``(faces, cells + fixed)``.
        velocity_slope: its normal derivative times area, of the same columns.
        pressure_at: pressure at the faces ``(faces, cells + open)``.
        pressure_slope: its normal derivative times area, nought where the flux is given.
        velocity_gradient: all axes of a cell in turn ``(cells * dim, cells + fixed)``.
        pressure_gradient: the same ``(cells * dim, cells + open)``.
        smoothing: the interpolated gradient times area, less ``pressure_slope``: what ties neighboring pressures
            together (Rhie and Chow).
    """

    def __init__(self, mesh: FVMesh, boundary: TimedBoundary, *, method: str = "auto") -> None:
        g, cells, dim = mesh.geometry(), mesh.num_cells, mesh.dim
        # A field that is only interpolated, a field with the velocity's conditions, and one with the pressure's.
        plain = face_maps(g)
        u = face_maps(g, value_on=boundary.fixed, flat_on=boundary.open)
        p = face_maps(g, value_on=boundary.open)
        divergence, gates = _divergence(mesh), _gates(mesh, boundary)
        slope = sparse.csr_array(gates @ p.slope)
        mean = sparse.csr_array(slope.shape)
        for axis, gradient in enumerate(p.gradient):
            mean = mean + sparse.diags_array(g.area[:, axis].numpy()) @ plain.value @ gradient
        self.divergence, self.mean_at = LinearMap(divergence), LinearMap(plain.value)
        self.velocity_at, self.velocity_slope = LinearMap(u.value), LinearMap(u.slope)
        self.pressure_at, self.pressure_slope = LinearMap(p.value), LinearMap(slope)
        self.smoothing = LinearMap(gates @ mean - slope)
        by_cell = np.arange(cells * dim).reshape(dim, cells).T.reshape(-1)
        self.velocity_gradient, self.pressure_gradient = (
            LinearMap(sparse.csr_array(sparse.vstack(field.gradient).tocsr()[by_cell])) for field in (u, p)
        )

        def laplacian(field: sparse.csr_array) -> sparse.csr_array:
            return sparse.csr_array(-(divergence @ field)[:, :cells])

        pinned = np.array([int(part[0]) for part in boundary.closed], dtype=np.int64)
        two_point = sparse.csr_array(gates @ p.two_point)
        self.pressure = PressureSystem(laplacian(slope), laplacian(two_point), pinned, method=method)
        systems = (_with_slip(mesh, boundary, laplacian(field)) for field in (u.slope, u.two_point))
        self.viscous = ViscousSystem(g.volume.numpy(), *systems, method=method)


def _divergence(mesh: FVMesh) -> sparse.csr_array:
    faces, inner = np.arange(mesh.num_faces), mesh.num_inner
    rows, cols = np.concatenate([mesh.owner.numpy(), mesh.neighbor.numpy()]), np.concatenate([faces, faces[:inner]])
    sign = np.concatenate([np.ones(len(faces)), -np.ones(inner)])
    return sparse.coo_array((sign, (rows, cols)), shape=(mesh.num_cells, len(faces))).tocsr()


def _gates(mesh: FVMesh, boundary: TimedBoundary) -> sparse.dia_array:
    """One on faces whose flux the pressure changes, nought where it is given."""
    free = np.ones(mesh.num_faces)
    free[torch.cat([boundary.fixed, boundary.slip]).numpy()] = 0
    return sparse.diags_array(free)


def _with_slip(mesh: FVMesh, boundary: TimedBoundary, matrix: sparse.csr_array) -> sparse.csr_array:
    r"""All components together where walls hold back the normal one, :math:`|S| / \delta \, n n^T` in their cells."""
    if len(boundary.slip) == 0:
        return matrix
    g, dim = mesh.geometry(), mesh.dim
    n, owner = g.normal[boundary.slip], mesh.owner[boundary.slip]
    blocks = (g.size / g.depth)[boundary.slip][:, None, None] * n[:, :, None] * n[:, None, :]
    axis = torch.arange(dim)
    rows = (owner[:, None, None] * dim + axis[:, None]).expand_as(blocks)
    cols = (owner[:, None, None] * dim + axis).expand_as(blocks)
    where = rows.reshape(-1).numpy(), cols.reshape(-1).numpy()
    size = (mesh.num_cells * dim,) * 2
    walls = sparse.coo_array((blocks.reshape(-1).numpy(), where), shape=size).tocsr()
    return sparse.csr_array(sparse.kron(matrix, sparse.eye_array(dim)).tocsr() + walls)
