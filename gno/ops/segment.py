"""Segment reductions: values of the same index summed, averaged or maximized, in native torch."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import DataError
from gno.ops.index import check_index
from gno.ops.precision import sum_type


def segment_sum(
    values: Float[Tensor, "edges *rest"], index: Int[Tensor, " edges"], num: int
) -> Float[Tensor, "segments *rest"]:
    r"""Sum of the values of each segment; those of half precision are added up in float32.

    .. math::
        s_i = \sum_{e : \mathrm{index}_e = i} v_e

    Args:
        values: ``(edges, ...)``.
        index: segment ``(edges,)`` of each value, in any order.
        num: number of segments; an empty one gets 0.

    Raises:
        DataError: an index that is out of range (checked in eager mode on the CPU), or not one a value.

    Example:
        >>> segment_sum(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 2, 2]), 3)
        tensor([1., 0., 6.])
    """
    return _sum(values, index, num).to(values.dtype)


def segment_mean(
    values: Float[Tensor, "edges *rest"], index: Int[Tensor, " edges"], num: int
) -> Float[Tensor, "segments *rest"]:
    r"""Mean of the values of each segment; those of half precision are added up in float32.

    .. math::
        m_i = \frac{1}{|\{e : \mathrm{index}_e = i\}|} \sum_{e : \mathrm{index}_e = i} v_e

    Args:
        values: ``(edges, ...)``.
        index: segment ``(edges,)`` of each value, in any order.
        num: number of segments; an empty one gets 0.

    Raises:
        DataError: an index that is out of range (checked in eager mode on the CPU), or not one a value.

    Example:
        >>> segment_mean(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 2, 2]), 3)
        tensor([1., 0., 3.])
    """
    total = _sum(values, index, num)
    count = total.new_zeros(num).index_add(0, index, total.new_ones(len(index)))
    return (total / count.clamp(min=1).view(-1, *[1] * (values.ndim - 1))).to(values.dtype)


def segment_max(
    values: Float[Tensor, "edges *rest"], index: Int[Tensor, " edges"], num: int
) -> Float[Tensor, "segments *rest"]:
    r"""Largest value of each segment, channel by channel.

    .. math::
        m_i = \max_{e : \mathrm{index}_e = i} v_e

    Args:
        values: ``(edges, ...)``.
        index: segment ``(edges,)`` of each value, in any order.
        num: number of segments; an empty one gets 0.

    Raises:
        DataError: an index that is out of range (checked in eager mode on the CPU), or not one a value.

    Example:
        >>> segment_max(torch.tensor([-1.0, 2.0, 4.0]), torch.tensor([0, 2, 2]), 3)
        tensor([-1.,  0.,  4.])
    """
    _check(values, index, num)
    wide = index.view(-1, *[1] * (values.ndim - 1)).expand_as(values)
    zeros = values.new_zeros(num, *values.shape[1:])
    return zeros.scatter_reduce(0, wide, values, reduce="amax", include_self=False)


def _sum(values: Tensor, index: Tensor, num: int) -> Tensor:
    _check(values, index, num)
    wide = values.to(sum_type(values.dtype))
    return wide.new_zeros(num, *values.shape[1:]).index_add(0, index, wide)


def _check(values: Tensor, index: Tensor, num: int) -> None:
    if index.shape != values.shape[:1]:
        raise DataError(f"index has shape {tuple(index.shape)}", why=f"there are {len(values)} values")
    # Reading the extremes would break a compiled graph and stall an accelerator: there the builder of the edges checks.
    if not torch.compiler.is_compiling() and index.device.type == "cpu":
        check_index(index, num)
