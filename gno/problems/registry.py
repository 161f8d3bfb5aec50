"""Problems by name, and the one that a dataset or a model was made for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gno.datasets.naming import suggestion
from gno.errors import ConfigError
from gno.problems.airfoil import AirfoilFlow
from gno.problems.burgers import Burgers
from gno.problems.cavity import Cavity
from gno.problems.cylinder import CylinderFlow
from gno.problems.darcy import Darcy
from gno.problems.heat import Heat
from gno.problems.ns_torus import TorusFlow
from gno.problems.problem import Family, Problem
from gno.problems.stirred import Stirred
from gno.problems.wave import Wave

PROBLEMS: dict[str, type[Family]] = {
    kind.name: kind for kind in (Darcy, Burgers, TorusFlow, CylinderFlow, AirfoilFlow, Heat, Wave, Cavity, Stirred)
}
"""Name on the command line to problem."""


def kind_named(name: str) -> type[Family]:
    """The kind of problem of a name.

    Args:
        name: a key of ``PROBLEMS``.

    Raises:
        ConfigError: an unknown name.

    Example:
        >>> kind_named("darcy").__name__
        'Darcy'
    """
    if name not in PROBLEMS:
        raise ConfigError(
            f"problem {name!r} is unknown", why=f"known: {', '.join(PROBLEMS)}", fix=suggestion(name, PROBLEMS)
        )
    return PROBLEMS[name]


def problem_named(name: str, options: Mapping[str, Any]) -> Family:
    """The problem of a name.

    Args:
        name: a key of ``PROBLEMS``.
        options: of its constructor; a single text stands for a list of one.

    Raises:
        ConfigError: an unknown name or option, or a value that cannot be.

    Example:
        >>> problem_named("darcy", {"nodes": 200, "shapes": "disk"}).shapes
        ('disk',)
    """
    kind = kind_named(name)
    fields = kind.__dataclass_fields__  # type: ignore[attr-defined]
    for option in options:
        if option not in fields:
            raise ConfigError(
                f"{name} has no option {option!r}", why=f"it has: {', '.join(fields)}", fix=suggestion(option, fields)
            )
    lists = {option for option, field in fields.items() if str(field.type).startswith("tuple")}
    values = {o: [v] if o in lists and isinstance(v, str) else v for o, v in options.items()}
    try:
        problem: Family = TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = str(first["loc"][0])
        raise ConfigError(
            f"{name} cannot have {option}={values.get(option)}",
            why=str(first["msg"]),
            fix=f"see all options: gno generate {name}",
        ) from error
    return problem


def family_of(attributes: Mapping[str, Any]) -> Family | None:
    """The family of samples that a dataset or a model names; ``None`` where it is none of ours.

    Args:
        attributes: of the dataset or of the model.

    Example:
        >>> family_of({"pde": "burgers", "generator": '{"resolution": 64}'}).resolution
        64
    """
    try:
        return problem_named(str(attributes.get("pde", "")), json.loads(str(attributes.get("generator", "{}"))))
    except (ConfigError, ValueError, TypeError, AttributeError):
        return None  # another version of the problem, or a stranger's attribute of that name


def problem_of(attributes: Mapping[str, Any]) -> Problem | None:
    """The problem that a dataset or a model names; ``None`` where it is none of ours with a solver for any mesh.

    Args:
        attributes: of the dataset or of the model.

    Example:
        >>> problem_of({"pde": "darcy", "generator": '{"nodes": 200}'}).nodes
        200
    """
    family = family_of(attributes)
    return family if isinstance(family, Problem) else None
