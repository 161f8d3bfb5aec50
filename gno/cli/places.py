"""Places to write to, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gno import files
from gno.errors import ConfigError


def check_file(path: Path, suffixes: Sequence[str], *, inputs: Sequence[Path] = ()) -> None:
    """Refuse a file that cannot be written, or that is not of a kind that is written.

    Args:
        path: the file.
        suffixes: that it may have; any where there are none.
        inputs: files that it must not replace.

    Raises:
        ConfigError: another suffix, or one of the inputs.
        ResourceError: no such folder, no right to write there, or something that is no file stands there.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ConfigError(
            f"{path}: suffix {path.suffix!r} is not written",
            why=f"results are written to {', '.join(suffixes)}",
            fix=f"-o {path.with_suffix(suffixes[0]) if path.name else 'OUT' + suffixes[0]}",
        )
    files.check_file(path)
    if any(path.exists() and other.exists() and path.samefile(other) for other in inputs):
        raise ConfigError(f"{path} is an input", why="it would be overwritten", fix="give another name to -o")
