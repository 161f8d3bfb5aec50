"""Options of problems: each is explained where it is declared."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gno.problems import PROBLEMS
from gno.problems.options import options_of, summary_of


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_option_of_every_problem_has_a_meaning(name: str) -> None:
    options = options_of(PROBLEMS[name])
    assert [option.name for option in options] == [field.name for field in fields(PROBLEMS[name])]  # type: ignore[arg-type]
    assert all(option.meaning.endswith(".") for option in options)
    assert summary_of(PROBLEMS[name]).endswith(".")
