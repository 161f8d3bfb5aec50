"""Files that are whole or not there: written aside, brought to the disk, and renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gno.errors import ResourceError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors of a full disk, a quota, and a limit on the size of a file."""


@contextmanager
def replacing(path: str | os.PathLike[str], *, aside: Path | None = None, then: str = "") -> Iterator[Path]:
    """A path to write to, which takes its real name when the block ends well and is removed when it does not.

    Whatever ends the block, an error, Ctrl-C or a kill, the file that stood at ``path`` stands there as it was. What
    takes its place has its rights: a private file stays private.

    Args:
        path: the real name.
        aside: the path to write to, in the same folder; without it a hidden name that nobody can guess, with the same
            suffix. Where only one process writes, a name that is always the same leaves nothing for good after a kill.
        then: what to do when the error is mended: ``then resume the run``.

    Raises:
        ResourceError: no space, no such folder, no right to write there, or something that is no file stands there.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> with replacing(folder / "a.txt") as aside:
        ...     _ = aside.write_text("whole")
        >>> [p.name for p in folder.iterdir()]
        ['a.txt']
    """
    target = Path(path)
    check_file(target)
    aside = aside or target.with_name(f".{target.stem}.{secrets.token_hex(6)}{target.suffix}")
    try:
        yield aside
        _sync(aside)
        with contextlib.suppress(OSError):  # no file stood there, or it is of a file system without rights
            shutil.copymode(target, aside)
        os.replace(aside, target)
    except OSError as error:
        raise unwritable(target, error, then=then) from error
    except ResourceError as error:  # of whoever wrote: it knows the file by its name for now
        raise ResourceError(error.what.replace(str(aside), str(target)), why=error.why, fix=error.fix) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
    with contextlib.suppress(OSError):  # there are file systems that cannot do it for a folder
        _sync(target.parent)


def write_bytes(path: str | os.PathLike[str], content: bytes, *, then: str = "") -> None:
    """Write a file, whole or not at all.

    Args:
        path: the file.
        content: what it shall hold.
        then: as in ``replacing``.

    Raises:
        ResourceError: as in ``replacing``.
    """
    with replacing(path, then=then) as aside:
        aside.write_bytes(content)


def write_text(path: str | os.PathLike[str], text: str, *, then: str = "") -> None:
    """Write a text file in UTF-8, whole or not at all.

    Args:
        path: the file.
        text: what it shall hold.
        then: as in ``replacing``.

    Raises:
        ResourceError: as in ``replacing``.
    """
    write_bytes(path, text.encode(), then=then)


def check_file(path: Path) -> None:
    """Refuse a path at which no file can be written.

    Args:
        path: the file to be.

    Raises:
        ResourceError: no such folder, no right to write there, or something that is no file stands there.

    Example:
        >>> check_file(Path("/nowhere/a.vtu"))
        Traceback (most recent call last):
        gno.errors.ResourceError: /nowhere/a.vtu cannot be written; there is no folder /nowhere; make the folder
    """
    what, why, fix = f"{path} cannot be written", "", "give the name of a file"
    if not path.parent.is_dir():
        why, fix = f"there is no folder {path.parent}", "make the folder"
    elif path.is_dir():
        why = "a folder stands there"
    elif path.exists() and not path.is_file():
        why = "it is no plain file"
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        why, fix = f"the rights of {path.parent} forbid it", "write elsewhere"
    if why:
        raise ResourceError(what, why=why, fix=fix)


def check_folder(path: Path) -> None:
    """Refuse a folder that cannot be made, or written to.

    Args:
        path: the folder; it need not be there.

    Raises:
        ResourceError: it is a file, would lie in one, or its rights forbid it.
    """
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise ResourceError(f"{place} is no folder", why=f"{path} is to be written to", fix="give another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ResourceError(f"{place} cannot be written", why="its rights forbid it", fix="write elsewhere")


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are not there.

    Args:
        path: the folder.

    Raises:
        ResourceError: it cannot be made.
    """
    check_folder(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError, *, then: str = "") -> ResourceError:
    """What to raise where a write failed.

    Args:
        path: what was to be written.
        error: why it was not.
        then: as in ``replacing``.

    Example:
        >>> str(unwritable(Path("a.h5"), OSError(28, "No space left on device"), then="then resume"))
        'a.h5 cannot be written; No space left on device; free some space, then resume'
    """
    fix = "free some space" if error.errno in NO_SPACE else "check the disk and its rights, or write elsewhere"
    why = " ".join((error.strerror or str(error)).split())
    return ResourceError(f"{path} cannot be written", why=why, fix=f"{fix}, {then}" if then else fix)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
