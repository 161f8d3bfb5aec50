"""What a recipe has wrong, all at once, in the words of the recipe."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from gno.datasets.naming import suggestion


def complaints(error: ValidationError, model: type[BaseModel]) -> list[tuple[str, str]]:
    """What is wrong and what to do, for each error of a validation.

    Args:
        error: of the validation.
        model: what was validated.

    Example:
        >>> from gno.training.optimization import Optimization
        >>> try:
        ...     Optimization(**{"epoch": 3})
        ... except ValidationError as error:
        ...     complaints(error, Optimization)
        [("unknown key 'epoch'", "did you mean 'epochs'?")]
    """
    return [_complaint(item, model) for item in error.errors(include_url=False)]


def unknown(name: str, known: Iterable[str], *, what: str = "key", within: str = "") -> tuple[str, str]:
    """The complaint about a name that is not known, with the nearest one.

    Args:
        name: the name.
        known: the names that could stand there.
        what: what is named.
        within: where the name stands; a dotted key.
    """
    known, prefix = list(known), f"{within}." if within else ""
    near = suggestion(name, known)
    if near and prefix:
        near = near.replace("mean '", f"mean '{prefix}", 1)
    return f"unknown {what} {prefix + name!r}", near or f"known: {', '.join(known) or 'none'}"


def _complaint(item: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    path = [str(part) for part in item["loc"]]
    key = ".".join(path)
    if item["type"] == "extra_forbidden":
        return unknown(path[-1], _keys(model, path[:-1]), within=".".join(path[:-1]))
    if item["type"] == "missing":
        return f"{key!r} is missing", "give it a value"
    message = str(item["msg"])
    return f"{key} = {item['input']!r}", message[0].lower() + message[1:]


def _keys(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        kind = model.model_fields[part].annotation if part in model.model_fields else None
        options = [kind, *typing.get_args(kind)]
        model = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), BaseModel)
    return list(model.model_fields)
