"""What holds on the boundary, as words of the command line say it: ``--bc PATCH=KIND[:VALUE]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gno.cli.settings import Value, parsed
from gno.errors import ConfigError
from gno.fv import (
    Condition,
    Dirichlet,
    FarField,
    Inlet,
    IsothermalWall,
    Neumann,
    NoSlip,
    Periodic,
    PressureOutlet,
    Robin,
    Slip,
    StagnationInlet,
    Symmetry,
    parabola,
)
from gno.mesh import Mesh


class Kind(NamedTuple):
    """A kind of condition.

    Args:
        make: makes it of its value and the name of the patch.
        takes: ``number``, ``vector``, ``pair``, ``patch`` or ``nothing``.
        default: value where the word has none; a kind without one needs it.
    """

    make: Callable[[Any, str], Condition]
    takes: str
    default: Value | None = None


SCALAR = {
    "dirichlet": Kind(lambda value, _: Dirichlet(value), "number", 0.0),
    "neumann": Kind(lambda flux, _: Neumann(flux), "number", 0.0),
    "robin": Kind(lambda pair, _: Robin(*pair), "pair"),
    "symmetry": Kind(lambda *_: Symmetry(), "nothing"),
    "periodic": Kind(lambda other, _: Periodic(other), "patch"),
}
"""Conditions of a scalar; ``robin:H,G`` has the transfer and the value outside."""


def flow_kinds(mesh: Mesh, density: float = 1.0) -> dict[str, Kind]:
    """Conditions of a flow; a speed is along the normal, into the domain.

    Args:
        mesh: whose patches a parabola lies between the ends of.
        density: that a pressure is divided by: the solvers know that of density one.
    """
    return {
        "noslip": Kind(lambda velocity, _: NoSlip(velocity), "vector", 0.0),
        "inlet": Kind(lambda speed, _: Inlet(speed), "number"),
        "parabola": Kind(lambda peak, patch: Inlet(parabola(mesh, patch, peak)), "number"),
        "velocity": Kind(lambda velocity, _: Inlet(velocity), "vector"),
        "pressure": Kind(lambda value, _: PressureOutlet(value / density), "number", 0.0),
        "slip": Kind(lambda *_: Slip(), "nothing"),
        "symmetry": Kind(lambda *_: Symmetry(), "nothing"),
        "periodic": Kind(lambda other, _: Periodic(other), "patch"),
    }


GAS = {
    "slip": Kind(lambda *_: Slip(), "nothing"),
    "farfield": Kind(lambda *_: FarField(), "nothing"),
    "symmetry": Kind(lambda *_: Symmetry(), "nothing"),
    "inlet": Kind(lambda speed, _: Inlet(speed), "number"),
    "velocity": Kind(lambda velocity, _: Inlet(velocity), "vector"),
    "stagnation": Kind(lambda pair, _: StagnationInlet(*pair), "pair"),
    "pressure": Kind(lambda value, _: PressureOutlet(value), "number"),
}
"""Conditions of a gas; ``stagnation:P,RHO`` has pressure and density where the gas would be at rest."""
STICKY_GAS = {
    "noslip": Kind(lambda velocity, _: NoSlip(velocity), "vector", 0.0),
    "isothermal": Kind(lambda temperature, _: IsothermalWall(temperature), "number", 1.0),
    **GAS,
}
"""Those of a gas with friction; ``isothermal:T`` has the temperature over that of the free stream."""

_FITS: dict[str, Callable[[Value], bool]] = {
    "number": lambda value: _is_number(value),
    "vector": lambda value: _is_number(value) or (isinstance(value, list) and all(map(_is_number, value))),
    "pair": lambda value: isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)),
    "patch": lambda value: isinstance(value, str),
}


def conditions(words: Sequence[str] | None, kinds: Mapping[str, Kind], *, option: str = "--bc") -> dict[str, Condition]:
    """Patch to condition; without words, the first kind everywhere.

    Args:
        words: ``PATCH=KIND`` or ``PATCH=KIND:VALUE``.
        kinds: known kinds.
        option: that the words were given with.

    Raises:
        ConfigError: a word of another form, an unknown kind, a value that does not fit, or a patch twice.

    Example:
        >>> conditions(["inlet=dirichlet:1", "*=neumann"], SCALAR)
        {'inlet': Dirichlet(value=1.0), '*': Neumann(flux=0.0)}
    """
    first = next(iter(kinds))
    result: dict[str, Condition] = {}
    for word in words or (f"*={first}",):
        patch, _, condition = (part.strip() for part in word.rpartition("="))
        name, _, text = (part.strip() for part in condition.partition(":"))
        kind = kinds.get(name)
        if not patch or kind is None:
            raise ConfigError(
                f"{option} {word!r} is no condition",
                why=f"it must be PATCH=KIND or PATCH=KIND:VALUE, and KIND one of: {', '.join(kinds)}",
                fix=f"for example: {option} wall={first}, or {option} '*={first}' for all patches not named",
            )
        if patch in result:
            raise ConfigError(f"{option} gives {patch!r} twice", why="one condition holds", fix="leave one of them out")
        result[patch] = kind.make(_value(word, kind, text, option), patch)
    return result


def _value(word: str, kind: Kind, text: str, option: str) -> Any:
    if kind.takes == "nothing" and not text:
        return None
    value = parsed(text) if text else kind.default
    if value is None or kind.takes == "nothing" or not _FITS[kind.takes](value):
        form = {"pair": "two numbers", "patch": "the name of the other patch", "nothing": "no value"}
        raise ConfigError(
            f"{option} {word!r} is no condition",
            why=f"its kind takes {form.get(kind.takes, f'a {kind.takes}')}",
            fix=f"for example: {option} {word.partition(':')[0]}{_EXAMPLES[kind.takes]}",
        )
    return list(map(float, value)) if isinstance(value, list) else value if kind.takes == "patch" else float(value)


_EXAMPLES = {"number": ":1", "vector": ":1,0", "pair": ":10,20", "patch": ":right", "nothing": ""}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
