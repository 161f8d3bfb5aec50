"""Checkpoints: tensors and plain values, written aside and renamed, with the one before kept."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import torch

from gno.errors import DataError, ResourceError

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

    def write(file: IO[bytes]) -> None:
        torch.save({"format": FORMAT, **state}, file)

    write_aside(path, write, keep=previous_checkpoint(path))


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, or the one before it where the last is missing or damaged.

    Nothing in the file is run: only tensors and plain values are taken.

    Args:
        path: as given to ``save_checkpoint``.

    Raises:
        DataError: neither can be read, or a file is something else.
    """
    path, failure = Path(path), None
    for candidate in (path, previous_checkpoint(path)):
        try:
            state = torch.load(candidate, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            continue
        except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
            failure = failure or error
            continue
        if isinstance(state, dict) and state.get("format") == FORMAT:
            return state
        failure = failure or ValueError("it is of another format")
    why = str(failure).split("\n")[0][:200] if failure else "the file does not exist"
    raise DataError(f"{path} is no checkpoint", why=why, fix="start the run again in an empty folder")


def previous_checkpoint(path: str | os.PathLike[str]) -> Path:
    """Where the checkpoint before the last one is kept."""
    path = Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def write_aside(path: Path, write: Callable[[IO[bytes]], object], *, keep: Path | None = None) -> None:
    """Write a file under another name, bring it to the disk, and rename it: it is whole or not there.

    Args:
        path: the file to be.
        write: fills the open file.
        keep: where the file that stands at ``path`` goes.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    aside = path.with_name(path.name + ".part")
    try:
        with open(aside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            os.replace(path, keep)
        os.replace(aside, path)
        _sync(path.parent)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError where the disk is full
        with contextlib.suppress(OSError):
            aside.unlink()
        why = str(error).split("\n")[0]
        raise ResourceError(f"{path} cannot be written", why=why, fix="free some space, then resume the run") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Args:
        path: the file to be.
        text: what it will hold.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    write_aside(path, lambda file: file.write(text.encode()))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
