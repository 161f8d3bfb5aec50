"""The kernel contraction on a GPU, in Triton, which is imported when a kernel is first launched."""

from __future__ import annotations

from gno.ops.triton.availability import is_available, runs
from gno.ops.triton.contract import contract_triton

__all__ = ["contract_triton", "is_available", "runs"]
