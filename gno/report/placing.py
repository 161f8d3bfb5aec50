"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gno.errors import ResourceError


@contextmanager
def placed(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to, which takes its real name when the context ends well and is removed when it does not.

    Args:
        path: the real name; the path to write to lies in the same folder and has the same suffix.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> with placed(folder / "a.txt") as temporary:
        ...     _ = temporary.write_text("whole")
        >>> [p.name for p in folder.iterdir()]
        ['a.txt']
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise ResourceError(
            f"{target} cannot be written", why=error.strerror or str(error), fix="free some space, or write elsewhere"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
