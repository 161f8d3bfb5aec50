"""Names: those that a file cannot hold, and the nearest to one that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


def is_storable(name: str) -> bool:
    """Whether HDF5 and JSON can hold a name: not empty, printable, without a slash, not only dots.

    Args:
        name: of a field, a parameter or an attribute.

    Example:
        >>> is_storable("the top"), is_storable("a/b"), is_storable("..")
        (True, False, False)
    """
    return bool(name.strip(".")) and "/" not in name and name.isprintable()


def suggestion(name: str, known: Iterable[str]) -> str:
    """A question that offers the nearest known name, or nothing.

    Args:
        name: the name that is not known.
        known: the names that are.

    Example:
        >>> suggestion("presure", ["pressure", "velocity"])
        "did you mean 'pressure'?"
    """
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near else ""


def suggested_file(path: Path) -> str:
    """A question that offers the nearest name in the folder of a file that is not there, or nothing.

    Args:
        path: the file.
    """
    return suggestion(path.name, [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else [])


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like another one, or nothing.

    Args:
        name: the name that is not known.
        known: the names that are.
    """
    folded = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1)
    return folded[near[0]] if near else ""
