"""What a run was made with: versions, threads, device."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from typing import Any

import torch

from gno import __version__
from gno.errors import ConfigError

_PACKAGES = ("torch", "torch-geometric", "numpy", "scipy", "h5py")


def environment(device: torch.device) -> dict[str, Any]:
    """Versions, threads and device, as JSON can hold them.

    Args:
        device: where the networks are computed.

    Example:
        >>> environment(torch.device("cpu"))["device"]
        'cpu'
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "gno": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {package: importlib.metadata.version(package) for package in _PACKAGES},
        "device": str(device),
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def as_device(name: str) -> torch.device:
    """The device of a name.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1``; ``auto`` takes CUDA where there is one. Of processes that torchrun started
            each gets a CUDA device of its own.

    Raises:
        ConfigError: an unknown device, or one that this machine does not have.

    Example:
        >>> as_device("cpu")
        device(type='cpu')
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:  # torchrun: each process of a machine has a device of its own
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise ConfigError(f"device {name!r} is unknown", why="known: auto, cpu, cuda, cuda:1", fix="use cpu, or auto")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        why = str(error).split("\n")[0]
        raise ConfigError(f"device {name!r} cannot be used", why=why, fix="use cpu, or auto") from error
    return device
