"""Checks of tests say what those of jaxtyping say, and stand before every function of the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from beartype import beartype
from jaxtyping import Float, Int, TypeCheckError
from torch import Tensor

from gno.mesh import Mesh, node_volume
from tests.checked import checked, jaxtyped

THEIRS = jaxtyped(typechecker=beartype)
A, B, NUMBERS = torch.zeros(3, 2), torch.zeros(4, 2), torch.zeros(3, dtype=torch.long)


def choose(x: Float[Tensor, "n c"], i: Int[Tensor, " n"] | None = None, *more: int, k: float = 1.0) -> str:
    return "chosen"


def match(x: Float[Tensor, "n c"], i: Int[Tensor, " n"]) -> None: ...


def give(x: Float[Tensor, "n c"], out: object) -> Float[Tensor, " n"] | None:
    return out  # type: ignore[return-value]


def several(parts: list[Float[Tensor, "n c"]]) -> Iterator[int]:
    yield len(parts)


def plain(number: int, unknown: NotThere = 0, name: str = "a") -> str:  # type: ignore[name-defined]
    return name if number else number  # type: ignore[return-value]


@dataclass(frozen=True)
class Pair:
    one: Float[Tensor, "n c"]
    other: Float[Tensor, "n c"]


CALLS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (choose, (A,), {}),
    (choose, (A, NUMBERS), {}),
    (choose, (A, None, 1, 2), {"k": 2.0}),
    (choose, (B, NUMBERS), {}),
    (choose, (A, A), {}),
    (choose, (A, NUMBERS, "1"), {}),
    (choose, (A,), {"k": "2"}),
    (choose, (), {}),
    (give, (A, A[:, 0]), {}),
    (give, (A, None), {}),
    (give, (A, B[:, 0]), {}),
    (give, (A, NUMBERS), {}),
    (several, ([A, A],), {}),
    (several, ([NUMBERS],), {}),
    (plain, (1,), {}),
    (plain, (1, "any"), {}),
    (plain, (0,), {}),
    (plain, (1.5,), {}),
    (Pair, (A, A), {}),
    (Pair, (A, B), {}),
]


@pytest.mark.parametrize(("function", "args", "options"), CALLS)
def test_what_jaxtyping_refuses_is_refused_and_nothing_else(
    function: Any, args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    def answer(check: Callable[..., Any]) -> str:
        made = type("Pair", (Pair,), {"__init__": Pair.__init__}) if function is Pair else function
        try:
            check(made)(*args, **options)
        except TypeError as error:
            return type(error).__name__
        return "fine"

    assert answer(checked) == answer(THEIRS)


def test_closures_of_one_definition_are_checked_each_for_itself() -> None:
    def make(out: object) -> Callable[[Tensor], Tensor]:
        @checked
        def inner(x: Float[Tensor, "n c"]) -> Float[Tensor, "n c"]:
            return out  # type: ignore[return-value]

        return inner

    good, bad = make(A), make(B)
    assert good(A) is A
    with pytest.raises(TypeCheckError, match=r"inner\(\) return"):
        bad(A)


def test_a_refusal_names_function_argument_and_sizes() -> None:
    with pytest.raises(TypeCheckError, match=r"match\(\) parameter i=.* size of dimension n is 3 .* value of 4"):
        checked(match)(B, NUMBERS)


def test_functions_of_the_package_are_checked_unless_that_is_switched_off(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("jaxtyping_packages"):
        pytest.skip("the checks are switched off")
    with pytest.raises(TypeCheckError, match=r"node_volume\(\) parameter mesh='mesh'"):
        node_volume("mesh")  # type: ignore[arg-type]
    with pytest.raises(TypeCheckError, match=r"__init__\(\) parameter points="):
        Mesh(np.zeros((3, 2, 1)), {})
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(AttributeError):
        node_volume("mesh")  # type: ignore[arg-type]
