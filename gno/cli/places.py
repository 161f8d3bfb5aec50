"""Places to write to, looked at before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gno.errors import ConfigError, ResourceError


def check_file(path: Path, suffixes: Sequence[str], *, inputs: Sequence[Path] = ()) -> None:
    """Refuse a file that cannot be written, or that is not of a kind that is written.

    Args:
        path: the file.
        suffixes: that it may have; any where there are none.
        inputs: files that it must not replace.

    Raises:
        ConfigError: another suffix, a folder, no such folder, or one of the inputs.
        ResourceError: a folder that cannot be written.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ConfigError(
            f"{path}: suffix {path.suffix!r} is not written",
            why=f"results are written to {', '.join(suffixes)}",
            fix=f"-o {path.with_suffix(suffixes[0])}",
        )
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", why="a file is to be written", fix="give the name of a file")
    if not path.parent.is_dir():
        raise ConfigError(f"no such folder: {path.parent}", why=f"{path.name} is to be written there", fix="make it")
    if any(path.exists() and other.exists() and path.samefile(other) for other in inputs):
        raise ConfigError(f"{path} is an input", why="it would be overwritten", fix="give another name to -o")
    _check_writable(path.parent)


def check_folder(path: Path) -> None:
    """Refuse a folder that cannot be made or written.

    Args:
        path: the folder; it need not be there.

    Raises:
        ConfigError: it is a file, or would lie in one.
        ResourceError: it cannot be written.
    """
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise ConfigError(f"{place} is no folder", why=f"{path} is to be written to", fix="give another folder to -o")
    _check_writable(place)


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ResourceError(f"{folder} cannot be written", why="its rights forbid it", fix="write elsewhere")
