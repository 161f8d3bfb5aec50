"""The two products of the contraction on a tile, launched: summed into its rows, and spread to its slots."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from gno.ops.tiles import Tile
from gno.ops.triton.blocks import Blocks, block
from gno.ops.triton.layers import MOST_INPUTS, Layer
from gno.ops.triton.precision import Precision


class Rows(NamedTuple):
    """A vector in each slot of a tile: a row of a matrix, or what layers make of it.

    Args:
        values: matrix, contiguous.
        row: row ``(slots,)`` of each slot; without it, the rows are in the order of the slots.
        layers: one or two.
    """

    values: Tensor
    row: Tensor | None = None
    layers: tuple[Layer, ...] = ()

    @property
    def width(self) -> int:
        """Precision in a slot."""
        return len(self.layers[-1].weight) if self.layers else self.values.shape[1]


def aggregate(
    a: Rows, b: Rows, share: Tensor, tile: Tile, *, weighted: bool, out: Tensor, sums: Tensor | None = None
) -> None:
    r""":math:`S_r = \sum_{s \in r} a_s^T (w_s b_s)` and :math:`\sum_{s \in r} w_s b_s` of the rows of a tile.

    Args:
        a: left factor.
        b: right factor, in memory.
        share: weight ``w`` of each slot of the tile.
        tile: whose rows.
        weighted: whether ``w`` is applied in the first sum; it is in the second.
        out: the first sum ``(rows, a, b)``.
        sums: the second ``(rows, b)``, if it is wanted.
    """
    from gno.ops.triton import kernels

    (rows, degree), h, c = tile.shape, a.width, b.width
    precision = Precision.of(out.dtype)
    blocks = Blocks.fit(degree, h, c, tensor_cores=precision.tensor_cores)
    grid = (rows, -(-h // blocks.hidden), -(-c // blocks.channels))
    with torch.cuda.device_of(out):
        kernels.aggregate[grid](
            out, sums, b.values, b.row, share, *_factor(a), degree, *_widths(a), c, weighted,
            **_constants(a, blocks, precision), BC=blocks.channels,
        )  # fmt: skip


def spread(
    a: Rows, M: Tensor, constant: Tensor | None, share: Tensor, tile: Tile, *, weighted: bool, dtype: torch.dtype
) -> Tensor:
    """:math:`w_s (a_s M_r + c_r)` of the slots of a tile.

    Args:
        a: left factor.
        M: matrices ``(rows, a, out)``, of any strides.
        constant: ``c``, 0 without it.
        share: weight ``w`` of each slot of the tile.
        tile: whose slots.
        weighted: whether ``w`` is applied to the first term; it is to the second.
        dtype: of the result ``(slots, out)``.
    """
    from gno.ops.triton import kernels

    (rows, degree), n = tile.shape, M.shape[2]
    precision = Precision.of(M.dtype)
    # Features that are made are made once for a whole block; those that are read come in smaller, overlapping steps.
    h = a.width if a.layers else min(a.width, 64)
    blocks = Blocks.fit(degree, h, n, tensor_cores=precision.tensor_cores)
    grid = (rows * -(-degree // blocks.slots), -(-n // blocks.channels))
    out = M.new_empty(rows * degree, n, dtype=dtype)
    with torch.cuda.device_of(out):
        kernels.spread[grid](
            out, M, constant, share, *_factor(a), degree, *_widths(a), n, *M.stride(), weighted,
            **_constants(a, blocks, precision), BN=blocks.channels,
        )  # fmt: skip
    return out


def _factor(a: Rows) -> tuple[Tensor | None, ...]:
    """``values, edge, W1, b1, W2, b2`` of a kernel."""
    weights = [tensor for layer in a.layers for tensor in (layer.weight, layer.bias)]
    return a.values, a.row, *weights, *[None] * (4 - len(weights))


def _widths(a: Rows) -> tuple[int, int, int]:
    """``D, K, H`` of a kernel: of the values, between the layers, of the factor."""
    return a.values.shape[1], len(a.layers[0].weight) if a.layers else 0, a.width


def _constants(a: Rows, blocks: Blocks, precision: Precision) -> dict[str, Any]:
    first, second, *_ = [layer.activation for layer in a.layers] + ["none", "none"]
    return {
        "ACT1": first, "ACT2": second,
        "BS": blocks.slots, "BD": block(a.values.shape[1], MOST_INPUTS), "BK": blocks.inner, "BH": blocks.hidden,
        "TOTAL": precision.total, "FACTOR": precision.factor, "PRECISION": precision.float32,
        "num_warps": blocks.warps,
    }  # fmt: skip
