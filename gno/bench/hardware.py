"""Hardware and software that figures were measured with."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import gno
from gno.training.environment import environment


def hardware(device: torch.device) -> dict[str, Any]:
    """Processor, cores, threads, versions, and the commit where the package is in a git checkout.

    Args:
        device: where the benchmark runs.

    Example:
        >>> hardware(torch.device("cpu"))["cores"] > 0
        True
    """
    return environment(device) | {"cpu": cpu_model(), "commit": commit()}


def in_words(found: Mapping[str, Any]) -> str:
    """Processor, threads, versions and commit in a line.

    Args:
        found: of ``hardware``.

    Example:
        >>> "torch" in in_words(hardware(torch.device("cpu")))
        True
    """
    where = found["processor"] if found["device"].startswith("cuda") else found["cpu"]
    threads = f"{found['threads']} thread{'s' if found['threads'] > 1 else ''} of {found['cores']} cores"
    parts = [where, threads, f"torch {found['packages']['torch']}", f"gno {found['gno']}", found["commit"]]
    return ", ".join(filter(None, parts))


def cpu_model() -> str:
    """What the maker calls the processor, as far as the system tells.

    Example:
        >>> bool(cpu_model())
        True
    """
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of this package, with ``-dirty`` where files differ from it; ``None`` where it is installed."""
    folder = Path(gno.__file__).parent
    # An environment may lie in a checkout of something else, which does not track it.
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    return tracked and _git(folder, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
