"""The cell list: points sorted into a grid of cells, so that a search looks only at the cells around a point.

Cells of one row along the first axis follow each other in memory. Those of a row within reach of a point are one run of
points, found with two look-ups however fine the cells are; a search goes over pairs of a point and a row of cells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int32
from torch import Tensor

_ALONG = 6.0  # cells to a radius along the rows, and one across
_PAD = 1e-6  # of a cell: far above what rounding does to a coordinate, far below what costs time
_MOST = 2**20  # cells along an axis: a coordinate in cells keeps its digits, and the number of a cell fits in 64 bits
_DENSE = 16  # cells a point up to which each cell has an entry of its own in a table
_BLOCK = {"cpu": 2**15, "other": 2**20}  # points looked at together: what fits a cache, or fills a device
_CHUNK = {"cpu": 2**20, "other": 2**25}  # most candidates at once: bounds the memory


class _Axis(NamedTuple):
    low: float
    scale: float  # cells to a length
    num: int
    spread: int  # cells to either side that a radius can reach into
    period: float

    @property
    def whole(self) -> bool:
        """Whether a radius can reach round the box, so that every cell is near."""
        return self.period > 0 and self.num < 2 * self.spread + 1


class _Run(NamedTuple):
    """Points of the list from ``start`` to before ``stop``, candidates for one point each."""

    point: Tensor
    start: Tensor
    stop: Tensor


class CellList:
    r"""Points in cells, for all pairs within a reach: exact, in one dimension to three (and slower in more).

    .. math::
        |x_j - x_i|^2 \le r^2

    The squares are summed axis by axis in ``float64``, as SciPy's k-d tree does, so both find the same pairs to the
    last bit. A search makes O(points + pairs) steps where points are not much denser in some places than in others; it
    yields pairs in chunks. The numbers inside are ``int32``. Source: Allen and Tildesley 1987, section 5.3.

    Args:
        points: coordinates ``(points, dim)``, finite; inside the box along periodic axes.
        reach: largest distance, inclusive.
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], dtype=torch.float64)
        >>> [(one.tolist(), other.tolist()) for one, other in CellList(x, 1.0).own_pairs()]
        [([0], [1])]
    """

    def __init__(
        self, points: Float[Tensor, "points dim"], reach: float, period: Sequence[float | int] | None = None
    ) -> None:
        dim = points.shape[1]
        box = [0.0] * dim if period is None else [float(p) for p in period]
        rows = [_ALONG, *[1.0] * (dim - 1)]
        low, high = (points.amin(0).tolist(), points.amax(0).tolist()) if len(points) else ([0.0] * dim, [0.0] * dim)
        self._axes = [_axis(*along, reach) for along in zip(low, high, box, rows)]
        self._kind = "cpu" if points.device.type == "cpu" else "other"
        self.block = _BLOCK[self._kind]
        self._square = reach * reach
        cells = [_cell(axis, _place(axis, points[:, d])) for d, axis in enumerate(self._axes)]
        size = math.prod(axis.num for axis in self._axes)
        key = _key(self._axes, cells).to(torch.int32 if size < 2**31 else torch.int64)
        key, self.order = torch.sort(key, stable=True)
        self._x = [points[:, d][self.order] for d in range(dim)]
        self.order = self.order.to(torch.int32)
        self._dense = size <= _DENSE * len(points) + 1024
        if self._dense:
            first = torch.zeros(size + 1, dtype=torch.int32, device=points.device)
            torch.cumsum(torch.bincount(key, minlength=size), 0, dtype=torch.int32, out=first[1:])
            key = first
        self._table = key

    @property
    def halves(self) -> bool:
        """Whether ``own_pairs`` works: not where the reach goes round a periodic box."""
        first, *_ = self._axes
        around = first.period > 0 and first.num < 2 * first.spread + 3
        return not (around or any(axis.whole for axis in self._axes))

    def own_pairs(self) -> Iterator[tuple[Int32[Tensor, " pairs"], Int32[Tensor, " pairs"]]]:
        """All pairs of different points within reach, each once, in chunks of ``(one, other)``; no order."""
        for one, other in self.own_places():
            yield self.order.index_select(0, one), self.order.index_select(0, other)

    def own_places(self) -> Iterator[tuple[Int32[Tensor, " pairs"], Int32[Tensor, " pairs"]]]:
        """The same by the places of the points in ``order``; ``one`` of a chunk lies within one block of places."""
        zero = (0,) * (len(self._axes) - 1)
        spread = [range(-s, s + 1) for s in (min(axis.spread, axis.num - 1) for axis in self._axes[1:])]
        ahead = [offset for offset in itertools.product(*spread) if offset >= zero]
        yield from self._search(self._x, ahead, own=True)

    def pairs(
        self, targets: Float[Tensor, "targets dim"]
    ) -> Iterator[tuple[Int32[Tensor, " pairs"], Int32[Tensor, " pairs"]]]:
        """All pairs of a target and a point of the list within reach, in chunks of ``(target, point)``; no order.

        Args:
            targets: coordinates ``(targets, dim)``, finite; inside the box along periodic axes.
        """
        order = self.along(targets)
        for target, point in self.places(targets[order]):
            yield order.index_select(0, target), point

    def along(self, targets: Float[Tensor, "targets dim"]) -> Int32[Tensor, " targets"]:
        """An order in which targets look into cells near to those that the ones before them looked into.

        Args:
            targets: coordinates ``(targets, dim)``, finite; inside the box along periodic axes.
        """
        cells = [_cell(axis, _place(axis, targets[:, d])) for d, axis in enumerate(self._axes)]
        return torch.argsort(_key(self._axes, cells)).to(torch.int32)

    def places(
        self, targets: Float[Tensor, "targets dim"]
    ) -> Iterator[tuple[Int32[Tensor, " pairs"], Int32[Tensor, " pairs"]]]:
        """The same as ``pairs`` for targets that come in such an order; those of a chunk lie within one block.

        Args:
            targets: coordinates ``(targets, dim)``, finite; inside the box along periodic axes.
        """
        if not (len(self.order) and len(targets)):
            return
        spread = [range(a.num) if a.whole else range(-a.spread, a.spread + 1) for a in self._axes[1:]]
        x = [targets[:, d].contiguous() for d in range(targets.shape[1])]
        for target, point in self._search(x, list(itertools.product(*spread)), own=False):
            yield target, self.order.index_select(0, point)

    def _search(self, x: list[Tensor], offsets: list[tuple[int, ...]], *, own: bool) -> Iterator[tuple[Tensor, Tensor]]:
        for begin in range(0, len(x[0]), self.block):
            place = [_place(axis, along[begin : begin + self.block]) for axis, along in zip(self._axes, x)]
            for offset in offsets:
                ahead = own and not any(offset)
                for run in self._runs(place, offset, begin, ahead=ahead):
                    for part in _split(run, _CHUNK[self._kind]):
                        yield self._within(x, part)

    def _runs(self, place: list[Tensor], offset: tuple[int, ...], begin: int, *, ahead: bool) -> Iterator[_Run]:
        """The runs of one row of cells for each point; with ``ahead`` only what comes after the point itself."""
        first, *others = self._axes
        row = torch.zeros_like(place[0], dtype=torch.int64)
        left = torch.full_like(place[0], self._square * (1 + _PAD))  # what the other axes leave of the squared reach
        for axis, along, step in zip(others, place[1:], offset):
            number, gap = _row(axis, along, step)
            left = torch.where(number < 0, -1.0, left - gap * gap)
            row = row * axis.num + number
        near = _true(left >= 0)
        point, row = near + begin, row[near] * first.num
        along, width = place[0][near], left[near].sqrt() * first.scale + _PAD
        high = torch.floor(along + width).long() + 1
        low = torch.zeros_like(high) if ahead else torch.floor(along - width).long()
        if first.whole:
            low, high = torch.zeros_like(low), torch.full_like(high, first.num)
        start = (point + 1).to(torch.int32) if ahead else self._begin(row + low.clamp(0, first.num))
        yield _run(point, start, self._begin(row + high.clamp(0, first.num)))
        if first.period > 0:
            over = _true(high > first.num)
            yield _run(point[over], self._begin(row[over]), self._begin((row + high)[over] - first.num))
        if first.period > 0 and not ahead:
            over = _true((low < 0) & (high <= first.num))
            yield _run(point[over], self._begin((row + low)[over] + first.num), self._begin(row[over] + first.num))

    def _begin(self, cell: Tensor) -> Tensor:
        """How many points stand before a cell."""
        if self._dense:
            return self._table.index_select(0, cell)
        return torch.searchsorted(self._table, cell, out_int32=True)

    def _within(self, x: list[Tensor], run: _Run) -> tuple[Tensor, Tensor]:
        """Pairs of a run that are within reach."""
        end = torch.cumsum(run.stop - run.start, 0)
        total = int(end[-1]) if len(end) else 0
        one = torch.zeros(total, dtype=torch.int32, device=end.device)
        other = torch.ones_like(one)
        if total:
            # Sums of the steps from each candidate to the next: quicker than to repeat each point.
            one[0], other[0] = run.point[0], run.start[0]
            one[end[:-1]] = run.point.diff().to(torch.int32)
            other[end[:-1]] = run.start[1:] - run.stop[:-1] + 1
            one, other = (torch.cumsum(step, 0, dtype=torch.int32) for step in (one, other))
        square: Tensor | None = None
        for axis, into, out_of in zip(self._axes, x, self._x):
            away = into.index_select(0, one).sub_(out_of.index_select(0, other))
            if axis.period > 0:
                away = torch.minimum(away.abs_(), axis.period - away)
            square = away.mul_(away) if square is None else square.add_(away.mul_(away))
        near = _true(square <= self._square) if square is not None else one
        return one.index_select(0, near), other.index_select(0, near)


def _axis(low: float, high: float, period: float, rows: float, reach: float) -> _Axis:
    low, extent = (0.0, period) if period > 0 else (low, high - low)
    size = max(reach / rows * (1 + _PAD), extent / _MOST, 1e-300)
    num = max(1, int(extent / size)) if period > 0 else int(extent / size) + 1
    size = period / num if period > 0 else size
    return _Axis(low, 1 / size, num, int(reach / size) + 1, period)


def _place(axis: _Axis, x: Tensor) -> Tensor:
    """Coordinates in cells; those from which no cell can be reached are moved to where none can be reached either."""
    return ((x - axis.low) * axis.scale).clamp_(-axis.spread - 2, axis.num + axis.spread + 2)


def _cell(axis: _Axis, place: Tensor) -> Tensor:
    return torch.floor(place).long().clamp_(0, axis.num - 1)


def _key(axes: list[_Axis], cells: list[Tensor]) -> Tensor:
    """The number of a cell: those along the first axis follow each other."""
    row = torch.zeros_like(cells[0])
    for axis, cell in zip(axes[1:], cells[1:]):
        row = row * axis.num + cell
    return row * axes[0].num + cells[0]


def _row(axis: _Axis, place: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The cell ``step`` further along an axis, -1 outside of the grid, and the least distance to it."""
    cell = torch.floor(place)
    if axis.period > 0:
        cell.clamp_(0, axis.num - 1)
    number, part = cell.long() + step, place - cell
    gap = torch.zeros_like(place)
    if step and not axis.whole:
        gap = ((step - part if step > 0 else part - step - 1) - _PAD).clamp_(0) / axis.scale
    if axis.period > 0:
        return number.remainder(axis.num), gap
    return torch.where((number >= 0) & (number < axis.num), number, -1), gap


def _run(point: Tensor, start: Tensor, stop: Tensor) -> _Run:
    some = _true(stop > start)
    return _Run(point[some], start[some], stop[some])


def _split(run: _Run, most: int) -> Iterator[_Run]:
    """Parts of about ``most`` candidates; no part splits the candidates of a point."""
    if len(run.point) * most == 0:
        return
    end = torch.cumsum(run.stop - run.start, 0)
    if int(end[-1]) <= most:
        yield run
        return
    part = torch.div(end, most, rounding_mode="floor")
    cuts = [0, *(_true(part.diff() > 0) + 1).tolist(), len(part)]
    for begin, stop in itertools.pairwise(cuts):
        yield _Run(run.point[begin:stop], run.start[begin:stop], run.stop[begin:stop])


def _true(mask: Tensor) -> Tensor:
    """Where a mask is true; on the CPU with NumPy, which is several times as fast."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return torch.nonzero(mask)[:, 0]
