"""Problems by name, and the one that a file was made for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gno.errors import ConfigError
from gno.problems import PROBLEMS, Darcy, Problem, family_of, problem_named, problem_of


def test_a_problem_is_known_again_by_what_it_says_of_itself() -> None:
    problem = Darcy(nodes=60, shapes=("square", "disk"), coefficient="log-normal", scale=0.5, part="test", seed=3)
    assert problem_of(problem.attributes()) == problem
    assert problem_of({"pde": "darcy"}) == Darcy()


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_problem_can_be_made_by_its_name(name: str) -> None:
    problem = problem_named(name, {})
    assert isinstance(problem, PROBLEMS[name])
    assert family_of(problem.attributes()) == problem
    assert problem_of(problem.attributes()) == (problem if isinstance(problem, Problem) else None)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pde": "magic"},
        {"pde": 3, "generator": 4},
        {"pde": "darcy", "generator": "no JSON"},
        {"pde": "darcy", "generator": "[1]"},
        {"pde": "darcy", "generator": '{"viscosity": 1}'},
        {"pde": "darcy", "generator": '{"nodes": "many"}'},
        {"pde": "darcy", "generator": '{"nodes": -5}'},
    ],
)
def test_a_stranger_names_no_problem(attributes: dict[str, Any]) -> None:
    assert problem_of(attributes) is None


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("darci", {}, "'darci' is unknown.*did you mean 'darcy'"),
        ("darcy", {"node": 5}, "no option 'node'.*did you mean 'nodes'"),
        ("darcy", {"nodes": "many"}, "nodes=many"),
        ("darcy", {"shapes": ["star"]}, "star"),
    ],
)
def test_what_cannot_be_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        problem_named(name, json.loads(json.dumps(options)))
