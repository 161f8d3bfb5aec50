"""Checkpoints: tensors and plain values, written aside and renamed, with the one before kept."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gno.errors import DataError
from gno.files import replacing

FORMAT = "gno-checkpoint-1"
"""Name and version of the layout of a checkpoint."""


def save_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; at every moment there is a whole one under ``path`` or its ``previous_checkpoint``.

    Args:
        path: the file to be.
        state: nested dicts and lists of tensors, text and numbers.

    Raises:
        ResourceError: the disk is full or the folder cannot be written; the checkpoint before stays.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = mkdtemp() + "/checkpoint.pt"
        >>> save_checkpoint(path, {"step": 3, "weight": torch.ones(2)})
        >>> load_checkpoint(path)["step"]
        3
    """
    path = Path(path)
    with replacing(path, aside=path.with_name(path.name + ".part"), then="then resume the run") as aside:
        try:
            torch.save({"format": FORMAT, **state}, aside)
        except RuntimeError as error:  # what torch makes of a full disk
            raise OSError(errno.ENOSPC, f"torch could not write it: {error}".split("\n")[0]) from error
        if path.exists():
            os.replace(path, previous_checkpoint(path))


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, or the one before it where the last is missing or damaged.

    Nothing in the file is run: only tensors and plain values are taken.

    Args:
        path: as given to ``save_checkpoint``.

    Raises:
        DataError: neither can be read, or a file is something else.
    """
    path, failure = Path(path), ""
    for candidate in (path, previous_checkpoint(path)):
        try:
            state = torch.load(candidate, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            failure = failure or error.strerror or str(error)
            continue
        except MemoryError:
            raise
        except Exception:  # a broken pickle can make any of them
            failure = failure or "it is damaged, and so is the one before it, if there is one"
            continue
        if isinstance(state, dict) and state.get("format") == FORMAT:
            return state
        failure = failure or "it is of another format"
    why = failure or "the file does not exist"
    raise DataError(f"{path} is no checkpoint", why=why, fix="start the run again in an empty folder")


def previous_checkpoint(path: str | os.PathLike[str]) -> Path:
    """Where the checkpoint before the last one is kept."""
    path = Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")
