"""The nearest name to a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """A question that offers the nearest known name, or nothing.

    Args:
        name: the name that is not known.
        known: the names that are.

    Example:
        >>> suggestion("presure", ["pressure", "velocity"])
        "did you mean 'pressure'?"
    """
    folded = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1)
    return f"did you mean {folded[near[0]]!r}?" if near else ""
