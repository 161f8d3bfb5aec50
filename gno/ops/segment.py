"""Segment reductions: values of the same index summed, averaged or maximized."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import DataError
from gno.ops import scatter
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
    _check(values, index, num)
    return scatter.total(values.to(sum_type(values.dtype)), index, num).to(values.dtype)


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
    _check(values, index, num)
    wide = values.to(sum_type(values.dtype))
    count = scatter.total(torch.ones_like(index, dtype=wide.dtype), index, num).clamp(min=1)
    return (scatter.total(wide, index, num) / count.view(-1, *[1] * (values.ndim - 1))).to(values.dtype)


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
    return _Max.apply(values, index, num)


class _Max(torch.autograd.Function):
    """Maximum whose gradient is shared evenly by the values that reach it, as in ``torch.amax``.

    That of ``scatter_reduce`` counts the 0 it starts from as well where the maximum is 0, and takes twice as long.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, index: Tensor, num: int) -> Tensor:
        return scatter.largest(values, index, num)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2], output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        values, index, largest = ctx.saved_tensors
        wide = grad.to(sum_type(grad.dtype))
        ties = (values == largest.index_select(0, index)).to(wide.dtype)
        share = wide / scatter.total(ties, index, largest.shape[0]).clamp(min=1)
        return (ties * share.index_select(0, index)).to(grad.dtype), None, None


def _check(values: Tensor, index: Tensor, num: int) -> None:
    if index.shape != values.shape[:1]:
        raise DataError(f"index has shape {tuple(index.shape)}", why=f"there are {len(values)} values")
    # Reading the extremes would break a compiled graph and stall an accelerator: there the builder of the edges checks.
    if not torch.compiler.is_compiling() and index.device.type == "cpu":
        check_index(index, num)
