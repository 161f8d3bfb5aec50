"""What a recipe has wrong, all at once, in the words of the recipe."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from gno.datasets.naming import suggestion


class Complaint(NamedTuple):
    """One thing that a recipe has wrong.

    Args:
        what: is wrong.
        why: it cannot be.
        fix: what to do; perhaps nothing that the reason does not say already.
    """

    what: str
    why: str
    fix: str = ""


def complaints(error: ValidationError, model: type[BaseModel]) -> list[Complaint]:
    """What is wrong, why, and what to do, for each error of a validation.

    Args:
        error: of the validation.
        model: what was validated.

    Example:
        >>> from gno.training.optimization import Optimization
        >>> try:
        ...     Optimization(**{"epoch": 3})
        ... except ValidationError as error:
        ...     complaints(error, Optimization)[0].fix
        "did you mean 'epochs'?"
    """
    return [_complaint(item, model) for item in error.errors(include_url=False)]


def unknown(name: str, known: Iterable[str], *, what: str = "key", within: str = "") -> Complaint:
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
    have = ", ".join(known) or "none"
    return Complaint(f"unknown {what} {prefix + name!r}", f"known: {have}", near)


def wrong_type(key: str, value: Any, kind: Any) -> list[Complaint]:
    """The complaint about a value that is not of its type; none where it is.

    Args:
        key: dotted.
        value: what is given.
        kind: the type, as an annotation.

    Example:
        >>> wrong_type("model.options.width", 1.5, int)
        [Complaint(what='model.options.width = 1.5', why='input should be a valid integer', fix='')]
    """
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return [Complaint(f"{key} = {value!r}", _message(first))]
    return []


def _complaint(item: Mapping[str, Any], model: type[BaseModel]) -> Complaint:
    path = [str(part) for part in item["loc"]]
    key = ".".join(path)
    if item["type"] == "extra_forbidden":
        return unknown(path[-1], _keys(model, path[:-1]), within=".".join(path[:-1]))
    if item["type"] == "missing":
        return Complaint(f"{key!r} is missing", "it has no default", "give it a value")
    return Complaint(f"{key} = {item['input']!r}", _message(item))


def _keys(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        kind = model.model_fields[part].annotation if part in model.model_fields else None
        options = [kind, *typing.get_args(kind)]
        model = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), BaseModel)
    return list(model.model_fields)


def _message(item: Mapping[str, Any]) -> str:
    """In the words of TOML, where pydantic speaks of Python."""
    words = {"model_type": "a section", "dict_type": "a section", "is_instance_of": "a list", "sequence_str": "a list"}
    message = f"it must be {words[item['type']]}" if item["type"] in words else str(item["msg"])
    return message[0].lower() + message[1:]
