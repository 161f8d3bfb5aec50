"""Types of numbers: what products are taken in, and what sums of many of them."""

from __future__ import annotations

import torch
from torch import Tensor


def autocast_type(like: Tensor) -> torch.dtype | None:
    """Type that autocast takes products in on the device of a tensor, or ``None`` where it leaves them as they are.

    Args:
        like: the tensor; autocast lets float64 be.

    Example:
        >>> with torch.autocast("cpu", torch.bfloat16):
        ...     print(autocast_type(torch.zeros(1)), autocast_type(torch.zeros(1).double()))
        torch.bfloat16 None
    """
    device = like.device.type
    if like.dtype == torch.float64 or not torch.is_autocast_enabled(device):
        return None
    return torch.get_autocast_dtype(device)


def sum_type(dtype: torch.dtype) -> torch.dtype:
    """Type to sum many numbers of a type in, float32 at least: in bfloat16 a count of ones stops at 256.

    Args:
        dtype: of the numbers.

    Example:
        >>> sum_type(torch.bfloat16), sum_type(torch.float64)
        (torch.float32, torch.float64)
    """
    return torch.promote_types(dtype, torch.float32) if dtype.is_floating_point else dtype
