"""The most that a device can do, to say which share of it was reached."""

from __future__ import annotations

import torch

# FLOP/s of dense products: float32 without TF32, bfloat16 on tensor cores. Source: the maker's data sheets.
PEAKS = {
    "H200": (67e12, 989e12),
    "H100 80GB HBM3": (67e12, 989e12),
    "H100 PCIe": (51e12, 756e12),
    "A100": (19.5e12, 312e12),
    "L40S": (91.6e12, 362e12),
}


def peak_flops(device: torch.device, dtype: torch.dtype) -> float | None:
    """Multiplications and additions a second that the maker promises; ``None`` where that is not known.

    Args:
        device: which.
        dtype: ``float32`` or ``bfloat16``.

    Example:
        >>> peak_flops(torch.device("cpu"), torch.float32) is None
        True
    """
    if device.type != "cuda" or dtype not in (torch.float32, torch.bfloat16):
        return None
    name = torch.cuda.get_device_name(device)
    peaks = next((pair for model, pair in PEAKS.items() if model in name), None)
    return None if peaks is None else peaks[dtype == torch.bfloat16]
