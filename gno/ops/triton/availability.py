"""Where the Triton kernels run, which is found out without importing Triton."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from gno.ops.features import Features
from gno.ops.precision import autocast_type

GPU_TYPES = (torch.float32, torch.bfloat16)
"""Types on a GPU: its tensor cores have no float64 worth the name, and there the contraction goes tile by tile."""


def is_available(device: torch.device) -> bool:
    """Whether the kernels run on a device: an NVIDIA GPU since Ampere, or the CPU in Triton's interpreter.

    The interpreter, slow and exact, is for tests: ``TRITON_INTERPRET=1`` from the start of the process.

    Args:
        device: in question.

    Example:
        >>> is_available(torch.device("meta"))
        False
    """
    if not _installed():
        return False
    if interpreted():
        return device.type == "cpu"
    nvidia = device.type == "cuda" and torch.version.cuda is not None
    return nvidia and torch.cuda.get_device_capability(device) >= (8, 0)


def runs(features: Features, v: Tensor, weight: Tensor) -> bool:
    """Whether the kernels take these arguments: of one type, or, under autocast, features at hand.

    Args:
        features: of the slots.
        v: values at the sources.
        weight: matrices that the features combine.
    """
    types = (*GPU_TYPES, torch.float64) if interpreted() else GPU_TYPES
    kind = autocast_type(v)
    others = (features.values, weight, *features.parameters)
    alike = all(t.dtype == v.dtype for t in others) if kind is None else features.kernel is None
    near = all(t.device == v.device for t in others)
    return alike and near and (kind or v.dtype) in types and is_available(v.device)


def interpreted() -> bool:
    """Whether Triton interprets its kernels."""
    return os.environ.get("TRITON_INTERPRET") == "1"


@cache
def _installed() -> bool:
    return find_spec("triton") is not None
