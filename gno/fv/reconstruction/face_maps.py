r"""Values and normal derivatives at faces, as sparse matrices of the values in the cells.

Columns are those of the cells, and behind them one for each outer face with a given value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from scipy import sparse
from torch import Tensor

from gno.fv.reconstruction.least_squares import least_squares
from gno.fv.volumes.geometry import Geometry

_DETERMINED = 0.05
"""Smallest eigenvalue of the summed projections onto the directions of a cell's neighbors at which they determine a
gradient: it is 1 - cos of the angle between two of them."""


@dataclass(frozen=True)
class FaceMaps:
    """The maps of one kind of field.

    Args:
        gradient: one matrix ``(cells, cells + values)`` per axis.
        value: ``(faces, cells + values)``.
        slope: normal derivative times area ``(faces, cells + values)``; nought where no value is given outside.
        two_point: the part of ``slope`` that takes both sides of a face alone.
    """

    gradient: tuple[sparse.csr_array, ...]
    value: sparse.csr_array
    slope: sparse.csr_array
    two_point: sparse.csr_array


def face_maps(
    geometry: Geometry, *, value_on: Int[Tensor, " values"] | None = None, flat_on: Int[Tensor, " flat"] | None = None
) -> FaceMaps:
    r"""Second-order maps, exact for linear fields.

    .. math::
        u_f = (1 - w) u_P + w u_N + \bar G \cdot t, \qquad
        \partial_n u |S| = a (u_N - u_P) + \bar G \cdot (S - a d), \qquad a = \frac{|S|^2}{S \cdot d}

    with the distance :math:`d = x_N - x_P`, the weight w of the point where d meets the plane of the face, t from
    there to the center of the face, and the interpolated least-squares gradient :math:`\bar G`.

    Args:
        geometry: of cells.
        value_on: outer faces with given values.
        flat_on: outer faces where the field does not change along the normal; at all others it is extrapolated.

    Example:
        >>> from gno.fv.volumes.mesh import FVMesh
        >>> from gno.mesh import shapes
        >>> g = FVMesh.of(shapes.square(0.5)).geometry()
        >>> x = g.centroid[:, 0].numpy()
        >>> bool(abs(face_maps(g).value @ x - g.center[:, 0].numpy()).max() < 1e-12)
        True
    """
    none = geometry.owner[:0]
    value_on, flat_on = (none if faces is None else faces for faces in (value_on, flat_on))
    gradient = _gradients(geometry, value_on, flat_on)
    g = _Arrays(geometry)
    width = g.cells + len(value_on)
    owner, neighbor = _select(g.owner, width), _select(g.neighbor, width, g.faces)
    given = _at(value_on, g.faces, g.cells + np.arange(len(value_on)), width)
    free = np.ones(g.faces - g.inner)
    free[value_on.numpy() - g.inner] = 0
    weight = np.concatenate([g.weight, np.zeros(len(free))])

    def mean(field: sparse.csr_array) -> sparse.csr_array:
        return _scaled(1 - weight, owner[:, : g.cells] @ field) + _scaled(weight, neighbor[:, : g.cells] @ field)

    slopes = [mean(each) for each in gradient]
    inside = np.concatenate([np.ones(g.inner), free])
    value = _scaled(inside * (1 - weight), owner) + _scaled(weight, neighbor) + given
    skew = g.skew(flat_on.numpy()) * inside[:, None]
    through = np.concatenate([np.ones(g.inner), 1 - free])
    a = through * g.over_relaxed
    slope = two_point = _scaled(a, neighbor + given - owner)
    rest = through[:, None] * g.area - a[:, None] * g.reach
    for axis, each in enumerate(slopes):
        value, slope = value + _scaled(skew[:, axis], each), slope + _scaled(rest[:, axis], each)
    return FaceMaps(tuple(gradient), sparse.csr_array(value), sparse.csr_array(slope), two_point)


class _Arrays:
    """The geometry as the maps need it; ``reach`` leads from P to N, or to the center of an outer face."""

    def __init__(self, geometry: Geometry) -> None:
        g, self.inner = geometry, geometry.num_inner
        self.cells, self.faces = len(g.volume), len(g.owner)
        self.owner, self.neighbor = g.owner.numpy(), g.neighbor.numpy()
        self.area, self.away, self.normal = g.area.numpy(), g.to_owner.numpy(), g.normal.numpy()
        self.weight = (g.depth[: self.inner] / (g.depth[: self.inner] + g.depth_neighbor)).numpy()
        self.reach = torch.cat([g.along, g.to_owner[self.inner :]]).numpy()
        self.over_relaxed = (self.area**2).sum(1) / (self.area * self.reach).sum(1)

    def skew(self, flat: np.ndarray) -> np.ndarray:
        """From the place of the interpolated value to the center of the face."""
        t = self.away.copy()
        t[: self.inner] -= self.weight[:, None] * self.reach[: self.inner]
        t[flat] -= (t[flat] * self.normal[flat]).sum(1, keepdims=True) * self.normal[flat]
        return t


def _gradients(geometry: Geometry, value_on: Tensor, flat_on: Tensor) -> list[sparse.csr_array]:
    """Least squares; where the neighbors of a cell do not determine a gradient it is the mean of theirs."""
    cells, weak = len(geometry.volume), _undetermined(geometry, value_on, flat_on)
    closed = np.setdiff1d(np.arange(geometry.num_inner, len(geometry.owner)), torch.cat([value_on, flat_on]).numpy())
    flat = torch.cat([flat_on, torch.from_numpy(closed[weak[geometry.owner.numpy()[closed]]])])
    least = least_squares(geometry, value_on=value_on, flux_on=flat)
    rows, cols, values = (t.numpy() for t in least.entries())
    on = cells + np.arange(len(value_on))
    where = np.concatenate([rows, least.value_cell.numpy()]), np.concatenate([cols, on])
    every = np.concatenate([values, least.value_coefficient.numpy()])
    fill = _from_neighbors(geometry, weak)
    shape = (cells, cells + len(value_on))
    return [sparse.csr_array(fill @ sparse.coo_array((column, where), shape=shape).tocsr()) for column in every.T]


def _undetermined(geometry: Geometry, value_on: Tensor, flat_on: Tensor) -> np.ndarray:
    g, p = geometry, geometry.owner
    cell = torch.cat([p[: g.num_inner], g.neighbor, p[value_on], p[flat_on]])
    way = torch.cat([g.along, -g.along, g.to_owner[value_on], g.normal[flat_on]])
    way = way / torch.linalg.vector_norm(way, dim=1, keepdim=True)
    dim = way.shape[1]
    onto = way.new_zeros(len(g.volume), dim, dim).index_add(0, cell, way[:, :, None] * way[:, None, :])
    return (torch.linalg.eigvalsh(onto)[:, 0] < _DETERMINED).numpy()


def _from_neighbors(geometry: Geometry, weak: np.ndarray) -> sparse.csr_array:
    """The identity, but for weak cells the mean over their strong neighbors, which makes them strong in turn."""
    p, n = geometry.owner[: geometry.num_inner].numpy(), geometry.neighbor.numpy()
    rows, cols = np.concatenate([p, n]), np.concatenate([n, p])
    size = len(weak)
    fill = sparse.csr_array(sparse.eye_array(size, format="csr"))
    while (use := weak[rows] & ~weak[cols]).any():
        count = np.bincount(rows[use], minlength=size)
        keep = np.flatnonzero(count == 0)
        values = np.concatenate([1 / count[rows[use]], np.ones(len(keep))])
        where = np.concatenate([rows[use], keep]), np.concatenate([cols[use], keep])
        fill = sparse.csr_array(sparse.coo_array((values, where), shape=(size, size)).tocsr() @ fill)
        weak = weak & (count == 0)
    return fill


def _select(cols: np.ndarray, width: int, height: int | None = None) -> sparse.csr_array:
    shape = (len(cols) if height is None else height, width)
    return sparse.coo_array((np.ones(len(cols)), (np.arange(len(cols)), cols)), shape=shape).tocsr()


def _at(faces: Tensor, height: int, cols: np.ndarray, width: int) -> sparse.csr_array:
    return sparse.coo_array((np.ones(len(cols)), (faces.numpy(), cols)), shape=(height, width)).tocsr()


def _scaled(by: np.ndarray, matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array(sparse.diags_array(by) @ matrix)
