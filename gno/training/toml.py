"""Writing of TOML: what a recipe holds, so that a run keeps the recipe it was made with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gno.errors import ConfigError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(table: Mapping[str, Any]) -> str:
    """Nested tables of text, numbers, booleans and lists as TOML; what is ``None`` is left out.

    Args:
        table: key to value.

    Raises:
        ConfigError: a value that TOML does not have.

    Example:
        >>> print(dumps({"seed": 1, "model": {"name": "gkn", "options": {"radii": [0.1, 0.2]}}}), end="")
        seed = 1
        <BLANKLINE>
        [model]
        name = "gkn"
        <BLANKLINE>
        [model.options]
        radii = [0.1, 0.2]
    """
    return "\n\n".join(block for block in _blocks(table, ()) if block) + "\n"


def _blocks(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in table.items() if value is not None and not isinstance(value, Mapping)}
    head = [f"[{'.'.join(map(_key, path))}]"] if path else []
    lines = head + [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    blocks = ["\n".join(lines)]
    for key, value in table.items():
        if isinstance(value, Mapping):
            blocks += _blocks(value, (*path, key))
    return blocks


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    raise ConfigError(f"{value!r} cannot be written as TOML", why="a recipe holds text, numbers, booleans and lists")
