"""Checkpoints: tensors and plain values with their checksums, written aside and renamed, with the one before kept."""

from __future__ import annotations

import errno
import hashlib
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from gno.errors import ModelError
from gno.files import replacing
from gno.models.file.model_file import tensor_digest

LAYOUT = "gno-checkpoint"
FORMAT = 2
"""Version of the layout; a file of a greater one is refused."""
COPY = "copy it again, or start the run again in an empty folder"


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
    from gno import __version__

    path = Path(path)
    about = {"layout": LAYOUT, "format": FORMAT, "gno": __version__, "sha256": _digests(state)}
    with replacing(path, aside=path.with_name(path.name + ".part"), then="then resume the run") as aside:
        try:
            torch.save({**about, "state": dict(state)}, aside)
        except RuntimeError as error:  # what torch makes of a full disk
            raise OSError(errno.ENOSPC, f"torch could not write it: {error}".split("\n")[0]) from error
        if path.exists():
            _keep(path, previous_checkpoint(path))


def _keep(path: Path, previous: Path) -> None:
    """Give a file a second name, so that it is never without the first: somebody may be reading it."""
    second = previous.with_name(previous.name + ".part")
    try:
        second.unlink(missing_ok=True)
        os.link(path, second)
        os.replace(second, previous)
    except OSError:  # a file system without hard links
        os.replace(path, previous)


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, or, with a warning, the one before it where the last is damaged.

    Nothing in the file is run: only tensors and plain values are taken, and each must have its checksum.

    Args:
        path: as given to ``save_checkpoint``.

    Raises:
        ModelError: neither can be read; or the file is something else, has code in it, or is of a newer gno.
    """
    path = Path(path)
    before, failure = previous_checkpoint(path), None
    for candidate in (path, before):
        if not candidate.exists():
            continue
        try:
            state = _load(candidate)
        except ModelError as error:
            failure = failure or error
            continue
        if failure is not None:
            warnings.warn(f"{failure.what} ({failure.why}); {before.name} takes its place", stacklevel=2)
        return state
    missing = ModelError(f"{path} is no checkpoint", why="the file does not exist", fix="give the folder of a run")
    raise failure or missing


def previous_checkpoint(path: str | os.PathLike[str]) -> Path:
    """Where the checkpoint before the last one is kept."""
    path = Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _load(path: Path) -> dict[str, Any]:
    content = _content(path)
    if not isinstance(content, dict) or content.get("layout") != LAYOUT:
        raise ModelError(f"{path} is no checkpoint", why="it is of another layout", fix="give the folder of a run")
    if not isinstance(content.get("format"), int) or content["format"] > FORMAT:
        from gno import __version__

        raise ModelError(
            f"{path} has format {content.get('format')}, made by gno {content.get('gno')}",
            why=f"this is gno {__version__}, which reads formats up to {FORMAT}",
            fix="pip install --upgrade gno-pde",
        )
    state, noted = content.get("state"), content.get("sha256")
    if not isinstance(state, dict) or not isinstance(noted, dict):
        raise ModelError(f"{path} is damaged", why="its state or its checksums are missing", fix=COPY)
    try:
        _check_sizes(path, state)
        found = _digests(state)
    except (RecursionError, RuntimeError, ValueError) as error:  # nested without end, quantized
        raise _damaged(path) from error
    wrong = sorted(name for name in found.keys() | noted.keys() if found.get(name) != noted.get(name))
    if wrong:
        what = "the numbers beside the tensors" if wrong[0] == "" else f"tensor {wrong[0]}"
        raise ModelError(f"{path}: checksum of {what} differs", why="the file was changed or is damaged", fix=COPY)
    return state


def _content(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's remarks on the pickles of strangers
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except OSError as error:
        raise ModelError(f"{path} cannot be read", why=error.strerror or str(error), fix="check its rights") from error
    except UnpicklingError as error:
        name = str(error).partition("GLOBAL ")[2].split(" ")[0]
        if not name:
            raise _damaged(path) from error
        raise ModelError(
            f"{path} contains code: refused",
            why=f"it asks for {name[:60]}, and a checkpoint has only tensors and plain values",
            fix="do not trust this file",
        ) from error
    except Exception as error:  # a broken pickle can make any of them
        raise _damaged(path) from error


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path} is damaged, or no checkpoint",
        why=f"its {path.stat().st_size} bytes do not go on as torch writes them",
        fix=COPY,
    )


def _check_sizes(path: Path, state: Mapping[str, Any]) -> None:
    size = path.stat().st_size
    if not _is_within(state, size):
        raise ModelError(
            f"{path} claims more values than its {size} bytes can hold",
            why="lists in it hold the same lists again and again",
            fix="do not trust this file",
        )
    for name, tensor in _tensors(state, ""):
        claimed = tensor.numel() * tensor.element_size()
        if claimed > size or tensor.layout is not torch.strided or tensor.device.type != "cpu":
            raise ModelError(
                f"{path}: tensor {name} claims {claimed} bytes",
                why=f"the file has {size}",
                fix="do not trust this file",
            )


def _is_within(state: Any, most: int) -> bool:
    """Whether nested values are at most so many: a pickle may name one list twice, and that one another twice."""
    waiting: list[Any] = [state]
    while waiting:
        value = waiting.pop()
        inner = (
            list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
        )
        most -= len(inner)
        if most < 0:
            return False
        waiting += inner
    return True


def _digests(state: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of each tensor by its path, and under the empty path that of all else."""
    plain = hashlib.sha256(repr(_outline(state)).encode()).hexdigest()
    return {"": plain} | {name: tensor_digest(value) for name, value in _tensors(state, "")}


def _tensors(value: Any, path: str) -> list[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        return [(path, value)]
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    )
    return [found for key, item in items for found in _tensors(item, f"{path}/{key}" if path else str(key))]


def _outline(value: Any) -> Any:
    """The same nesting with the type and shape of each tensor in its place."""
    if isinstance(value, Tensor):
        return str(value.dtype), tuple(value.shape)
    if isinstance(value, Mapping):
        return {key: _outline(item) for key, item in value.items()}
    return [_outline(item) for item in value] if isinstance(value, (list, tuple)) else value
