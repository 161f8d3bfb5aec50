"""Coarse solvers by name, as recipes and model files call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gno.datasets.naming import suggestion
from gno.errors import ConfigError, said_of_arguments
from gno.models.coarse.compressible import CoarseCompressible
from gno.models.coarse.diffusion import CoarseDiffusion
from gno.models.coarse.incompressible import CoarseIncompressible
from gno.models.coarse.solver import CoarseSolver

SOLVERS: dict[str, Any] = {
    "compressible": CoarseCompressible,
    "diffusion": CoarseDiffusion,
    "incompressible": CoarseIncompressible,
}
"""Coarse solvers by name; each has its constructor's arguments as ``options``."""


def solver_of(table: Mapping[str, Any]) -> CoarseSolver:
    """The coarse solver of a table.

    Args:
        table: ``name``, and the arguments of its constructor.

    Raises:
        ConfigError: an unknown name or argument, or a value that cannot be.

    Example:
        >>> solver_of({"name": "diffusion", "inputs": ["source"]}).inputs
        ('source',)
    """
    name = table.get("name")
    if name not in SOLVERS:
        raise ConfigError(
            f"coarse solver {name!r} is unknown",
            why=f"known: {', '.join(SOLVERS)}",
            fix=suggestion(str(name), SOLVERS) or 'name one: solver = { name = "..." }',
        )
    try:
        solver: CoarseSolver = SOLVERS[name](**{key: value for key, value in table.items() if key != "name"})
    except TypeError as error:
        raise ConfigError(f"coarse solver {name!r} cannot be made", why=said_of_arguments(error)) from error
    return solver
