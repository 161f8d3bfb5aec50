"""Words of the command line as values: ``--set NAME=VALUE``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
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


def check_names(given: Mapping[str, Value], known: Sequence[str], equation: str) -> None:
    """Refuse settings that an equation does not have.

    Args:
        given: from ``settings``.
        known: names of its coefficients.
        equation: as the command calls it.

    Raises:
        ConfigError: another name.

    Example:
        >>> check_names({"source": 1.0}, ["permeability", "source"], "darcy")
    """
    from gno.datasets.naming import suggestion

    for name in given:
        if name not in known:
            raise ConfigError(
                f"--set {name}: {equation} has no coefficient {name!r}",
                why=f"it has: {', '.join(known)}",
                fix=suggestion(name, known) or "leave it out",
            )


def number(given: Mapping[str, Value], name: str, default: float | None = None) -> float:
    """A setting that is a number.

    Args:
        given: from ``settings``.
        name: its name.
        default: where it is not given.

    Raises:
        ConfigError: something else.

    Example:
        >>> number({"speed": 2}, "speed"), number({}, "length", 1.0)
        (2.0, 1.0)
    """
    value = given.get(name, default)
    if isinstance(value, (bool, str, list)) or value is None:
        raise ConfigError(f"--set {name}={value}", why="it must be a number", fix=f"for example: --set {name}=1")
    return float(value)


def switch(given: Mapping[str, Value], name: str) -> bool:
    """A setting that is true or false; false where it is not given.

    Args:
        given: from ``settings``.
        name: its name.

    Raises:
        ConfigError: something else.

    Example:
        >>> switch({"vortex": True}, "vortex"), switch({}, "vortex")
        (True, False)
    """
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise ConfigError(
            f"--set {name}={value}", why="it must be true or false", fix=f"for example: --set {name}=true"
        )
    return value


def vector(given: Mapping[str, Value], name: str, default: float | Sequence[float]) -> Any:
    """A setting that is a vector, or a number where that can stand for one.

    Args:
        given: from ``settings``.
        name: its name.
        default: where it is not given.

    Raises:
        ConfigError: something else.

    Example:
        >>> vector({"direction": [0, 1]}, "direction", (1.0, 0.0))
        [0.0, 1.0]
    """
    value = given.get(name, default)
    parts = value if isinstance(value, list) else [value]
    if any(isinstance(part, (str, bool, list)) for part in parts):
        text = ",".join(map(str, parts))
        raise ConfigError(f"--set {name}={text}", why="it must be a vector", fix=f"for example: --set {name}=1,0")
    return list(map(float, value)) if isinstance(value, list) else value


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
