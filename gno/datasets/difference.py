"""In what two descriptions differ, in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def difference(there: Mapping[str, Any], here: Mapping[str, Any], within: str = "") -> str:
    """The keys that differ, with both values; a text that holds a JSON object is looked into.

    Args:
        there: one description.
        here: the other.
        within: what stands before each key.

    Example:
        >>> difference({"seed": 0, "options": '{"nodes": 100}'}, {"seed": 0, "options": '{"nodes": 200}'})
        'options.nodes is 100 there and 200 here'
    """
    found = []
    for key in sorted({*there, *here}):
        one, other = there.get(key), here.get(key)
        if one == other:
            continue
        inner = _table(one), _table(other)
        if all(inner):
            found.append(difference(*inner, within=f"{within}{key}."))
        else:
            found.append(f"{within}{key} is {one!r} there and {other!r} here")
    return ", ".join(found)


def _table(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}
