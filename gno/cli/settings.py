"""Words of the command line as values: ``--set NAME=VALUE`` and ``--bc PATCH=KIND[:VALUE]``."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from gno.errors import ConfigError

Value = float | int | bool | str | list[Any]


def settings(words: Sequence[str] | None, *, example: str) -> dict[str, Value]:
    """Names and values; a value is a number, a list ``1,0``, true, false, or text.

    Args:
        words: ``NAME=VALUE``.
        example: what the error shows.

    Raises:
        ConfigError: a word without name or value, or a name twice.

    Example:
        >>> settings(["nodes=200", "shapes=disk,square", "source=1e-3"], example="nodes=200")
        {'nodes': 200, 'shapes': ['disk', 'square'], 'source': 0.001}
    """
    result: dict[str, Value] = {}
    for word in words or ():
        name, equals, text = (part.strip() for part in word.partition("="))
        if not equals or not name or not text:
            raise ConfigError(
                f"--set {word!r} sets nothing", why="it must be NAME=VALUE", fix=f"for example: --set {example}"
            )
        if name in result:
            raise ConfigError(f"--set gives {name!r} twice", why="one value is needed", fix="leave one of them out")
        result[name] = parsed(text)
    return result


def conditions(words: Sequence[str] | None, *, kinds: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Patches with the kind and the value of what holds there; without words, the first kind everywhere.

    Args:
        words: ``PATCH=KIND`` or ``PATCH=KIND:VALUE``; the value is 0 where none is given.
        kinds: known kinds.

    Raises:
        ConfigError: a word of another form, an unknown kind, or a patch twice.

    Example:
        >>> conditions(["inlet=dirichlet:1", "*=neumann"], kinds=["dirichlet", "neumann"])
        {'inlet': ('dirichlet', 1.0), '*': ('neumann', 0.0)}
    """
    result: dict[str, tuple[str, float]] = {}
    for word in words or (f"*={kinds[0]}",):
        patch, _, condition = (part.strip() for part in word.rpartition("="))
        kind, _, text = (part.strip() for part in condition.partition(":"))
        value = parsed(text or "0")
        if not patch or kind not in kinds or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(
                f"--bc {word!r} is no condition",
                why=f"it must be PATCH=KIND:VALUE with a number, and KIND one of: {', '.join(kinds)}",
                fix=f"for example: --bc inlet={kinds[0]}:1, or --bc '*={kinds[0]}:0' for all patches not named",
            )
        if patch in result:
            raise ConfigError(f"--bc gives {patch!r} twice", why="one condition holds", fix="leave one of them out")
        result[patch] = kind, float(value)
    return result


def parsed(text: str) -> Value:
    """A word as the value that it looks like.

    Example:
        >>> parsed("1e-3"), parsed("1,0"), parsed("true"), parsed("permeability")
        (0.001, [1, 0], True, 'permeability')
    """
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        table = {}
    if list(table) == ["value"] and isinstance(table["value"], (float, int, bool, str, list)):
        value: Value = table["value"]
        return value
    if "," in text:
        return [parsed(part.strip()) for part in text.split(",") if part.strip()]
    try:
        return float(text)  # forms of numbers that TOML does not have: .5, 1.
    except ValueError:
        return text
