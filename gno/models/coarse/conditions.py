"""Boundary conditions as recipes and model files write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gno.datasets.naming import suggestion
from gno.errors import ConfigError, said_of_arguments
from gno.fv import Condition, Dirichlet, FarField, Inlet, Neumann, NoSlip, PressureOutlet, Slip, Symmetry

_KINDS: dict[str, Any] = {
    "dirichlet": Dirichlet, "neumann": Neumann, "noslip": NoSlip, "inlet": Inlet, "pressure": PressureOutlet,
    "farfield": FarField, "slip": Slip, "symmetry": Symmetry,
}  # fmt: skip


def named_conditions(boundary: Mapping[str, Any]) -> dict[str, Condition]:
    """Conditions by patch, each a kind or a kind with its value.

    Args:
        boundary: patch to ``"noslip"``, or to ``{"noslip": [1.0, 0.0]}``.

    Raises:
        ConfigError: an unknown kind, or one with a value that it does not take, or without one that it needs.

    Example:
        >>> named_conditions({"top": {"noslip": [1.0, 0.0]}, "*": "noslip"})
        {'top': NoSlip(velocity=[1.0, 0.0]), '*': NoSlip(velocity=0.0)}
    """
    return {patch: _condition(patch, given) for patch, given in boundary.items()}


def _condition(patch: str, given: Any) -> Condition:
    kind, values = (given, []) if isinstance(given, str) else _parts(patch, given)
    if kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise ConfigError(
            f"patch {patch!r} has condition {kind!r}", why=f"known: {known}", fix=suggestion(kind, _KINDS)
        )
    try:
        condition: Condition = _KINDS[kind](*values)
    except TypeError as error:
        raise ConfigError(f"patch {patch!r} has condition {given!r}", why=said_of_arguments(error)) from error
    return condition


def _parts(patch: str, given: Any) -> tuple[str, list[Any]]:
    if not isinstance(given, Mapping) or len(given) != 1:
        raise ConfigError(
            f"patch {patch!r} has condition {given!r}",
            why="it is a kind, or a kind with its value",
            fix="{inlet = 1.0}",
        )
    ((kind, value),) = given.items()
    return str(kind), [value]
