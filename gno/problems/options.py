"""The options of a problem, as its docstring explains them."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from gno.problems.problem import Family

_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {8,}\S.*)*)", re.MULTILINE)


class Option(NamedTuple):
    """An option of a problem.

    Args:
        name: as ``--set`` takes it.
        default: its value where none is given; ``None`` where one must be.
        meaning: one sentence.
    """

    name: str
    default: Any
    meaning: str


def options_of(kind: type[Family]) -> list[Option]:
    """All options of a problem, in its order.

    Args:
        kind: the problem, a dataclass whose docstring has a line for each field.

    Example:
        >>> from gno.problems import PROBLEMS
        >>> [option.default for option in options_of(PROBLEMS["darcy"]) if option.name == "nodes"]
        [450]
    """
    text = inspect.getdoc(kind) or ""
    meaning = {name: " ".join(said.split()) for name, said in _ARGUMENT.findall(text)}
    return [
        Option(field.name, None if field.default is MISSING else field.default, meaning[field.name])
        for field in fields(kind)  # type: ignore[arg-type]
    ]


def summary_of(kind: type[Family]) -> str:
    """What a problem is, in one sentence.

    Args:
        kind: the problem.

    Example:
        >>> from gno.problems import PROBLEMS
        >>> summary_of(PROBLEMS["darcy"])
        'Steady flow through a porous medium: the pressure ``u`` of a permeability ``a`` that varies in space.'
    """
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
