"""``gno info``: what this installation is made of."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from typing import Any

from gno.cli.options import Debug, Json, Quiet
from gno.cli.output import Output

PACKAGES = ("torch", "torch-geometric", "numpy", "scipy", "h5py", "meshio", "matplotlib", "safetensors")
BACKENDS = {"torch-scatter": "torch_scatter", "triton": "triton", "pyvista": "pyvista", "pypardiso": "pypardiso"}
"""Distributions that are used where they are installed, and the modules that they bring."""


def info(as_json: Json = False, quiet: Quiet = False, _debug: Debug = False) -> None:
    """Print versions, devices, optional backends and threads."""
    output = Output(as_json=as_json, quiet=quiet)
    facts = _facts()
    rows = [
        [f"{name} {key}".strip(), str(value)]
        for name, fact in facts.items()
        for key, value in (fact.items() if isinstance(fact, dict) else [("", fact)])
    ]
    output.table(["what", "value"], rows)
    output.result(facts)


def _facts() -> dict[str, Any]:
    import torch

    from gno import __version__

    cuda = range(torch.cuda.device_count()) if torch.cuda.is_available() else range(0)
    return {
        "gno": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "package": {name: _version(name) for name in PACKAGES},
        "device": {"cpu": platform.processor() or platform.machine()}
        | {f"cuda:{i}": torch.cuda.get_device_name(i) for i in cuda},
        "backend": {name: _backend(name, module) for name, module in BACKENDS.items()},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _backend(name: str, module: str) -> str:
    return _version(name) if importlib.util.find_spec(module) else "not installed"
