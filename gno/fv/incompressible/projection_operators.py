"""The sparse matrices of a projection method: they depend on the mesh and the kinds of conditions alone."""

from __future__ import annotations

import torch
from torch import Tensor

from gno.fv.incompressible.projection_boundary import TimedBoundary
from gno.fv.incompressible.projection_factor import PressureSystem, ViscousSystem
from gno.fv.linear.linear_map import LinearMap
from gno.fv.reconstruction.face_maps import face_maps
from gno.fv.volumes.geometry import Geometry


class FlowOperators:
    r"""Divergence, interpolation, gradient and Laplacian of the velocity and the pressure, and their factors.

    All can be differentiated in the geometry.

    Args:
        geometry: of cells.
        boundary: which faces have which condition.
        method: as in ``factorize_near``.

    Attributes:
        divergence: :math:`\sum_f \pm F_f` ``(cells, faces)``.
        passing: :math:`\sum_f F_f`, likewise.
        between: the mean of the cells on both sides of a face ``(faces, cells)``.
        mean_at: a field without conditions at the faces ``(faces, cells)``; none where the flux is given.
        velocity_at: velocity at the faces ``(faces, cells + fixed)``.
        velocity_slope: its normal derivative times area, of the same columns.
        laplacian: the divergence of that ``(cells, cells + fixed)``.
        from_walls: its last columns ``(cells, fixed)``.
        pressure_at: pressure at the faces ``(faces, cells + open)``.
        pressure_slope: its normal derivative times area, nought where the flux is given.
        velocity_gradient: all axes of a cell in turn ``(cells * dim, cells + fixed)``.
        pressure_gradient: the same ``(cells * dim, cells + open)``.
    """

    def __init__(self, geometry: Geometry, boundary: TimedBoundary, *, method: str = "auto") -> None:
        # A field that is only interpolated, a field with the velocity's conditions, and one with the pressure's.
        plain = face_maps(geometry)
        u = face_maps(geometry, value_on=boundary.fixed, flat_on=boundary.open)
        p = face_maps(geometry, value_on=boundary.open)
        given = torch.cat([boundary.fixed, boundary.slip])
        self.divergence, self.passing = (_around(geometry, sign) for sign in (-1.0, 1.0))
        self.between = _between(geometry)
        self.mean_at = _without(plain.value, given)
        self.velocity_at, self.velocity_slope, self.velocity_gradient = u.value, u.slope, u.gradient
        self.pressure_at, self.pressure_gradient = p.value, p.gradient
        self.pressure_slope = _without(p.slope, given)
        self.laplacian = _divergence_of(u.slope, geometry)
        self.from_walls = _last_columns(self.laplacian, len(geometry.volume))

        pinned = torch.tensor([int(part[0]) for part in boundary.closed], dtype=torch.int64)
        near = _divergence_of(_without(p.two_point, given), geometry)
        self.pressure = PressureSystem(_divergence_of(self.pressure_slope, geometry), near, pinned, method=method)
        near = _divergence_of(u.two_point, geometry)
        self.viscous = ViscousSystem(geometry.volume, self.laplacian, near, _friction(geometry, boundary), method)


def _around(geometry: Geometry, sign: float) -> LinearMap:
    """Of each cell the sum over its faces, those of which it is the neighbor with a sign."""
    faces, inner = torch.arange(len(geometry.owner)), geometry.num_inner
    value = torch.cat([torch.ones(len(faces)), torch.full((inner,), sign)])
    rows, cols = torch.cat([geometry.owner, geometry.neighbor]), torch.cat([faces, faces[:inner]])
    return LinearMap(rows, cols, value.double(), (len(geometry.volume), len(faces)))


def _between(geometry: Geometry) -> LinearMap:
    faces, inner, p = torch.arange(len(geometry.owner)), geometry.num_inner, geometry.owner
    rows, cols = torch.cat([faces, faces[:inner]]), torch.cat([p, geometry.neighbor])
    value = torch.where(rows < inner, 0.5, 1.0)
    return LinearMap(rows, cols, value, (len(faces), len(geometry.volume)))


def _last_columns(matrix: LinearMap, first: int) -> LinearMap:
    row, col = matrix.pattern.row, matrix.pattern.col
    last = col >= first
    return LinearMap(row[last], col[last] - first, matrix.values[last], (matrix.shape[0], matrix.shape[1] - first))


def _divergence_of(flux: LinearMap, geometry: Geometry) -> LinearMap:
    """What fluxes that are linear in a field leave over in the cells."""
    row, col, values = flux.pattern.row, flux.pattern.col, flux.values
    inside = row < geometry.num_inner
    rows = torch.cat([geometry.owner[row], geometry.neighbor[row[inside]]])
    both = torch.cat([values, -values[inside]])
    return LinearMap(rows, torch.cat([col, col[inside]]), both, (len(geometry.volume), flux.shape[1]))


def _without(at_faces: LinearMap, faces: Tensor) -> LinearMap:
    """Nought on some faces."""
    row, col = at_faces.pattern.row, at_faces.pattern.col
    free = ~torch.isin(row, faces)
    return LinearMap(row[free], col[free], at_faces.values[free], at_faces.shape)


def _friction(geometry: Geometry, boundary: TimedBoundary) -> LinearMap | None:
    r"""How walls with slip hold back the normal component in their cells, :math:`|S| / \delta \, n n^T`."""
    if len(boundary.slip) == 0:
        return None
    g, dim = geometry, geometry.centroid.shape[1]
    n, owner = g.normal[boundary.slip], g.owner[boundary.slip]
    blocks = (g.size / g.depth)[boundary.slip][:, None, None] * n[:, :, None] * n[:, None, :]
    axis = torch.arange(dim)
    rows, cols = (owner[:, None, None] * dim + axis[:, None]), (owner[:, None, None] * dim + axis)
    size = (len(g.volume) * dim,) * 2
    row, col, value = (t.expand_as(blocks).reshape(-1) for t in (rows, cols, blocks))
    return LinearMap(row, col, value, size)
