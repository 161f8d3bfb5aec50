r"""Values and normal derivatives at faces, as sparse matrices of the values in the cells.

Columns are those of the cells, and behind them one for each outer face with a given value.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.fv.linear.linear_map import LinearMap
from gno.fv.linear.pattern import SparsePattern
from gno.fv.reconstruction.least_squares import least_squares
from gno.fv.volumes.geometry import Geometry

_DETERMINED = 0.05
"""Smallest eigenvalue of the summed projections onto the directions of a cell's neighbors at which they determine a
gradient: it is 1 - cos of the angle between two of them."""


class FaceMaps(NamedTuple):
    """The maps of one kind of field.

    Args:
        gradient: all axes of a cell in turn ``(cells * dim, cells + values)``.
        value: ``(faces, cells + values)``.
        slope: normal derivative times area ``(faces, cells + values)``; nought where no value is given outside.
        two_point: the part of ``slope`` that takes both sides of a face alone.
    """

    gradient: LinearMap
    value: LinearMap
    slope: LinearMap
    two_point: LinearMap


class _Entries(NamedTuple):
    """Of a sparse matrix, or of several with one pattern."""

    row: Int[Tensor, " k"]
    col: Int[Tensor, " k"]
    value: Float[Tensor, "k *dim"]

    @classmethod
    def join(cls, parts: list[_Entries]) -> _Entries:
        return cls(*(torch.cat(same) for same in zip(*parts)))

    def where(self, of_row: Bool[Tensor, " rows"]) -> _Entries:
        here = of_row[self.row]
        return _Entries(self.row[here], self.col[here], self.value[here])

    def along(self, ways: Float[Tensor, "rows dim"]) -> _Entries:
        return self._replace(value=(ways[self.row] * self.value).sum(1))

    def map(self, rows: int, cols: int) -> LinearMap:
        return LinearMap(self.row, self.col, self.value, (rows, cols))


def face_maps(
    geometry: Geometry, *, value_on: Int[Tensor, " values"] | None = None, flat_on: Int[Tensor, " flat"] | None = None
) -> FaceMaps:
    r"""Second-order maps, exact for linear fields, and differentiable in the geometry.

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
        >>> x = g.centroid[:, 0]
        >>> bool((face_maps(g).value(x) - g.center[:, 0]).abs().max() < 1e-12)
        True
    """
    none = geometry.owner[:0]
    value_on, flat_on = (none if faces is None else faces for faces in (value_on, flat_on))
    g, inner, (cells, dim), faces = geometry, geometry.num_inner, geometry.centroid.shape, len(geometry.owner)
    width, every, on = cells + len(value_on), torch.arange(faces), cells + torch.arange(len(value_on))
    given = torch.zeros(faces, dtype=torch.bool).index_fill(0, value_on, True)
    between = every < inner
    toward = torch.cat([g.depth[:inner] / (g.depth[:inner] + g.depth_neighbor), g.volume.new_zeros(faces - inner)])
    gradient = _gradients(g, value_on, flat_on)
    mean = _Entries.join([_picked(gradient, g.owner, 1 - toward), _picked(gradient, g.neighbor, toward[:inner])])

    ends = [
        _Entries(every, g.owner, 1 - toward).where(~given),
        _Entries(every[:inner], g.neighbor, toward[:inner]),
        _Entries(value_on, on, torch.ones(len(value_on), dtype=torch.float64)),
    ]
    value = _Entries.join([*ends, mean.where(~given).along(_skew(g, toward, flat_on))])
    reach = torch.cat([g.along, g.to_owner[inner:]])
    a = (g.area**2).sum(1) / (g.area * reach).sum(1)
    steep = [
        _Entries(every, g.owner, -a).where(given | between),
        _Entries(every[:inner], g.neighbor, a[:inner]),
        _Entries(value_on, on, a[value_on]),
    ]
    slope = _Entries.join([*steep, mean.where(given | between).along(g.area - a[:, None] * reach)])
    axes = (gradient.row[:, None] * dim + torch.arange(dim)).reshape(-1)
    by_axis = _Entries(axes, gradient.col.repeat_interleave(dim), gradient.value.reshape(-1))
    two_point = _Entries.join(steep).map(faces, width)
    return FaceMaps(by_axis.map(cells * dim, width), value.map(faces, width), slope.map(faces, width), two_point)


def _skew(geometry: Geometry, toward: Tensor, flat: Tensor) -> Float[Tensor, "faces dim"]:
    """From the place of the interpolated value to the center of the face."""
    g, inner = geometry, geometry.num_inner
    t = torch.cat([g.to_owner[:inner] - toward[:inner, None] * g.along, g.to_owner[inner:]])
    normal = torch.zeros_like(t).index_copy(0, flat, g.normal[flat])
    return t - (t * normal).sum(1, keepdim=True) * normal


def _picked(gradient: _Entries, cell: Tensor, weight: Tensor) -> _Entries:
    """The weighted gradients of some cells, one a row."""
    start = torch.searchsorted(gradient.row, torch.arange(int(gradient.row[-1]) + 2))
    count = (start[1:] - start[:-1])[cell]
    row = torch.repeat_interleave(count)
    entry = (start[cell] - (count.cumsum(0) - count))[row] + torch.arange(len(row))
    return _Entries(row, gradient.col[entry], weight[row, None] * gradient.value[entry])


def _gradients(geometry: Geometry, value_on: Tensor, flat_on: Tensor) -> _Entries:
    """Least squares; where the neighbors of a cell do not determine a gradient it is the mean of theirs."""
    cells, weak = len(geometry.volume), _undetermined(geometry, value_on, flat_on)
    outer = torch.arange(geometry.num_inner, len(geometry.owner))
    closed = outer[~torch.isin(outer, torch.cat([value_on, flat_on])) & weak[geometry.owner[outer]]]
    least = least_squares(geometry, value_on=value_on, flux_on=torch.cat([flat_on, closed]))
    on = cells + torch.arange(len(value_on))
    every = [_Entries(*least.entries()), _Entries(least.value_cell, on, least.value_coefficient)]
    return _filled(_summed(_Entries.join(every), cells + len(value_on)), geometry, weak)


def _summed(entries: _Entries, width: int) -> _Entries:
    pattern, position = SparsePattern.of(entries.row, entries.col, width)
    return _Entries(pattern.row, pattern.col, pattern.values(entries.value, position, dim=0))


def _undetermined(geometry: Geometry, value_on: Tensor, flat_on: Tensor) -> Bool[Tensor, " cells"]:
    g, p = geometry, geometry.owner
    cell = torch.cat([p[: g.num_inner], g.neighbor, p[value_on], p[flat_on]])
    way = torch.cat([g.along, -g.along, g.to_owner[value_on], g.normal[flat_on]]).detach()
    way = way / torch.linalg.vector_norm(way, dim=1, keepdim=True)
    dim = way.shape[1]
    onto = way.new_zeros(len(g.volume), dim, dim).index_add(0, cell, way[:, :, None] * way[:, None, :])
    return torch.linalg.eigvalsh(onto)[:, 0] < _DETERMINED


def _filled(gradient: _Entries, geometry: Geometry, weak: Tensor) -> _Entries:
    """With weak cells given the mean over their strong neighbors, which makes them strong in turn."""
    p, n = geometry.owner[: geometry.num_inner], geometry.neighbor
    cell, other = torch.cat([p, n]), torch.cat([n, p])
    width = int(gradient.col.max()) + 1
    while bool((use := weak[cell] & ~weak[other]).any()):
        count = torch.bincount(cell[use], minlength=len(weak))
        means = _picked(gradient, other[use], 1.0 / count[cell[use]].double())
        means = means._replace(row=cell[use][means.row])
        gradient = _summed(_Entries.join([gradient.where(count == 0), means]), width)
        weak = weak & (count == 0)
    return gradient
