"""Sums and maxima of rows by segment: native torch, or torch-scatter where that is asked for."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.ops.index import check_index

Backend = Literal["torch", "torch_scatter"]
_chosen: ContextVar[Backend] = ContextVar("segment backend", default="torch")  # each thread has its own


@contextmanager
def segment_backend(name: Backend) -> Iterator[None]:
    """Let a library reduce segments while the block runs, in this thread.

    Results and gradients are native torch's, up to the rounding of a sum. torch-scatter reduces, in eager mode, rows
    sorted by segment; for a maximum, finite ones. On the CPU it does so where it measures faster: from 100,000 rows of
    8 to 15 numbers. On CUDA it always does, and the check of the index waits for the device. Native torch does the
    rest, and everything where torch-scatter cannot be loaded.

    Args:
        name: ``"torch"`` or ``"torch_scatter"``.

    Raises:
        ConfigError: another name.

    Example:
        >>> from gno.ops import segment_sum
        >>> with segment_backend("torch"):
        ...     segment_sum(torch.ones(3), torch.tensor([0, 0, 1]), 2)
        tensor([2., 1.])
    """
    if name not in ("torch", "torch_scatter"):
        raise ConfigError(f"there is no segment backend {name!r}", fix='use "torch" or "torch_scatter"')
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def total(
    values: Float[Tensor, "rows *rest"], index: Int[Tensor, " rows"], num: int
) -> Float[Tensor, "segments *rest"]:
    """Sum of the rows of each segment; differentiable any number of times."""
    if (library := _library(values, index, num)) is not None:
        return _Total.apply(values, index, num, library)
    return values.new_zeros(num, *values.shape[1:]).index_add(0, index, values)


def largest(
    values: Float[Tensor, "rows *rest"], index: Int[Tensor, " rows"], num: int
) -> Float[Tensor, "segments *rest"]:
    """Largest row of each segment, channel by channel, 0 in an empty one; its gradient is the caller's."""
    # torch-scatter compares with the lowest number: it skips NaN and raises -inf
    if (library := _library(values, index, num)) is not None and bool(values.isfinite().all()):
        return library.segment_max_csr(values, _offsets(index, num))[0]
    wide = index.view(-1, *[1] * (values.ndim - 1)).expand_as(values)
    zeros = values.new_zeros(num, *values.shape[1:])
    return zeros.scatter_reduce(0, wide, values, reduce="amax", include_self=False)


class _Total(torch.autograd.Function):
    """The gradient of torch-scatter has no gradient itself, and says nothing of it; this one has."""

    @staticmethod
    def forward(values: Tensor, index: Tensor, num: int, library: Any) -> Tensor:
        return library.segment_sum_csr(values, _offsets(index, num))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (index,) = ctx.saved_tensors
        return grad.index_select(0, index), None, None, None


def _library(values: Tensor, index: Tensor, num: int) -> Any | None:
    """torch-scatter where it is chosen, loads, and can reduce these values sooner."""
    # asked first: a compiled graph cannot read a context variable
    if torch.compiler.is_compiling() or _chosen.get() == "torch" or not _pays(values):
        return None
    library = _torch_scatter()
    if library is None or (values.is_cuda and library.cuda_version == -1):  # -1 where it was built without
        return None
    check_index(index, num)  # on every device: torch-scatter reads and writes where a wrong index points
    return library if bool((index[1:] >= index[:-1]).all()) else None


def _pays(values: Tensor) -> bool:
    """Whether torch-scatter may be faster: on the CPU between what torch vectorizes, 16 numbers a row, and a few."""
    narrow = values.shape[1:].numel() in range(8, 16)
    return values.is_cuda or (values.device.type == "cpu" and narrow and len(values) >= 100_000)


@functools.cache
def _torch_scatter() -> Any | None:
    try:
        import torch_scatter
    except (ImportError, OSError, RuntimeError) as error:  # absent, or built for another torch or CUDA
        warnings.warn(f"torch-scatter cannot be loaded, native torch is used: {error}", stacklevel=2)
        return None
    return torch_scatter


def _offsets(index: Tensor, num: int) -> Tensor:
    """First row of each segment of a sorted index, and the end."""
    return torch.nn.functional.pad(torch.bincount(index, minlength=num).cumsum(0), (1, 0))
