"""Checks of types and shapes in every test run: those of jaxtyping, at a fraction of what they cost.

jaxtyping's hook decorates each function of the package as it is imported, compiles its checks there and then, twice,
and checks the arguments of each call twice. Here checks are compiled at a function's first call, once for all closures
of one definition; arguments are checked once; and a function without arrays has no shapes to remember.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import AbstractArray, TypeCheckError, jaxtyped

Function = Callable[..., Any]
REFUSE = beartype(conf=BeartypeConf(violation_param_type=TypeCheckError, violation_return_type=TypeCheckError))


@dataclasses.dataclass(frozen=True)
class Checks:
    """What is checked of a function.

    Args:
        arguments: takes its arguments, and refuses what their types forbid.
        result: gives back what it is given, and refuses what the type of the result forbids.
        has_arrays: whether sizes of axes must be remembered from one to the other.
        code: of the function; kept, so that its number stays its own.
    """

    arguments: Function
    result: Function
    has_arrays: bool
    code: types.CodeType


_KNOWN: dict[int, Checks] = {}


def checked(function: Any, *, typechecker: object = None) -> Any:
    """The function with its arguments and its result checked, or the dataclass with its arguments checked."""
    if isinstance(function, type):
        if dataclasses.is_dataclass(function) and "__init__" in vars(function):
            function.__init__ = checked(function.__init__)
        return function

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if jaxtyping.config.jaxtyping_disable:
            return function(*args, **options)
        checks = _KNOWN.get(id(function.__code__)) or _compile(function)
        if not checks.has_arrays:
            checks.arguments(*args, **options)
            return checks.result(function(*args, **options))
        with jaxtyped("context"):
            checks.arguments(*args, **options)
            return checks.result(function(*args, **options))

    return call


def _compile(function: types.FunctionType) -> Checks:
    hints = {name: _resolve(hint, function.__globals__) for name, hint in function.__annotations__.items()}
    result = hints.pop("return", Any)
    arguments = _stub(function, str(_bare(function)), "None", hints)
    arguments.__defaults__, arguments.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    given_back = _stub(function, "(_result)", "_result", {"return": result})
    has_arrays = any(map(_is_array, (*hints.values(), result)))
    checks = Checks(REFUSE(arguments), REFUSE(given_back), has_arrays, function.__code__)
    _KNOWN[id(function.__code__)] = checks
    return checks


def _resolve(hint: Any, names: dict[str, Any]) -> Any:
    """The type that an annotation names; any where its names are known to type checkers alone."""
    holder = types.SimpleNamespace(__annotations__={"value": hint})
    try:
        return typing.get_type_hints(holder, names, include_extras=True)["value"]
    except Exception:
        return Any


def _bare(function: Function) -> inspect.Signature:
    """The signature without types and values."""
    bare = []
    for parameter in inspect.signature(function).parameters.values():
        default = parameter.empty if parameter.default is parameter.empty else None
        bare.append(parameter.replace(annotation=parameter.empty, default=default))
    return inspect.Signature(bare)


def _stub(function: Function, signature: str, value: str, hints: dict[str, Any]) -> Any:
    """A function of that name and those types that only returns a value."""
    scope: dict[str, Any] = {}
    exec(f"def {function.__name__}{signature}: return {value}", scope)
    stub = scope[function.__name__]
    stub.__module__, stub.__qualname__, stub.__annotations__ = function.__module__, function.__qualname__, hints
    return stub


def _is_array(hint: Any) -> bool:
    """Whether a type is one of arrays, or holds one."""
    parts = hint if isinstance(hint, list) else typing.get_args(hint)  # a list stands in the types of callables
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(_is_array, parts))


# What the hook writes above each function is `jaxtyping.jaxtyped(typechecker=...)`.
jaxtyping.jaxtyped = lambda *, typechecker: functools.partial(checked, typechecker=typechecker)
