"""How numbers are multiplied and summed in Triton."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from gno.ops.triton.availability import interpreted


class Precision(NamedTuple):
    """How numbers are multiplied and summed.

    Args:
        factor: Triton's type of the factors of a product.
        total: that of a sum.
        float32: how float32 is multiplied, ``"ieee"`` or ``"tf32"``.
    """

    factor: Any
    total: Any
    float32: str

    @classmethod
    def of(cls, dtype: torch.dtype) -> Precision:
        """Precision for a type: sums in float32 at least, and TF32 where torch is allowed it in its own products.

        Args:
            dtype: float64, float32 or bfloat16.
        """
        import triton.language as tl

        total = tl.float64 if dtype == torch.float64 else tl.float32
        # The interpreter takes the bits of a bfloat16 for a whole number when it multiplies.
        factor = tl.bfloat16 if dtype == torch.bfloat16 and not interpreted() else total
        matmul = torch.backends.cuda.matmul
        # Before torch 2.9 there is only the older switch, and from then on it may refuse to be read.
        tf32 = matmul.fp32_precision == "tf32" if hasattr(matmul, "fp32_precision") else matmul.allow_tf32
        return cls(factor, total, "tf32" if tf32 else "ieee")

    @property
    def tensor_cores(self) -> bool:
        """Whether tensor cores multiply."""
        return self.factor.primitive_bitwidth == 16 or self.float32 == "tf32"
