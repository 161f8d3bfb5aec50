"""Each row of the catalogue, through the Python API and the command line; and its page."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gno.errors import GnoError
from tests.faults import page
from tests.faults.catalogue.table import FAULTS
from tests.faults.fault import Case, Fault, Place

CASES = [pytest.param(f, c, id=f"{f.number}-{c.name.replace(' ', '-')}") for f in FAULTS for c in f.cases]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case").mkdir()
    return Place(tmp_path / "case", files)


@pytest.mark.parametrize(("fault", "case"), CASES)
def test_the_api_answers_as_the_catalogue_says(fault: Fault, case: Case, place: Place) -> None:
    path = case.make(place)
    if fault.error is not None:
        with pytest.raises(GnoError, match=case.says) as caught:
            case.api(path, place)
        assert type(caught.value) is fault.error
        assert "\n" not in str(caught.value)
    elif fault.warns:
        with pytest.warns(UserWarning, match=case.says):
            case.api(path, place)
    else:
        case.api(path, place)
    assert not (place.folder.parent / "sprung").exists()


@pytest.mark.parametrize(("fault", "case"), CASES)
def test_the_command_line_answers_as_the_catalogue_says(
    fault: Fault, case: Case, place: Place, gno: Callable[..., Any]
) -> None:
    path = case.make(place)
    before = sorted(place.folder.rglob("*"))
    answer = gno(*case.words(path, place))
    assert "Traceback" not in answer.err
    assert answer.code == (fault.error.exit_code if fault.error else 0), answer.err
    if fault.error is not None:
        what, why, fix = answer.error
        assert (what[:7], why[:7], fix[:7]) == ("error: ", "  why: ", "  fix: ")
        assert min(map(len, (what, why, fix))) > 10
        assert re.search(case.says, "; ".join((what[7:], why[7:], fix[7:]))), answer.err
        written = [p for p in sorted(place.folder.rglob("*")) if p not in before and p.name != "r.toml"]
        assert written == [], "a refused command leaves nothing"
    elif fault.warns:
        assert re.search(f"warning: .*{case.says}", answer.err), answer.err
    assert not (place.folder.parent / "sprung").exists()


def test_the_page_shows_the_catalogue() -> None:
    assert page.PAGE.read_text() == page.text(), "write it anew: python -m tests.faults.page"


RUNS = {"gno", "alone", "stop"}
"""Fixtures that give a command."""


def gives_commands(test: ast.FunctionDef) -> bool:
    """Whether a test uses one of the fixtures that give a command."""
    given = {argument.arg for argument in test.args.args}
    used = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return bool(RUNS & given & used)


def test_every_row_is_held_through_the_api_and_the_command_line_or_says_why_not() -> None:
    trees = (ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py"))
    tests = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    through = {given: {test.name for test in tests if gives_commands(test) == given} for given in (True, False)}
    for fault in FAULTS:
        assert set(fault.tests) <= through[False], f"{fault.number}: no such test, or it gives commands"
        assert set(fault.commands) <= through[True], f"{fault.number}: no such test, or it gives no command"
        assert fault.cases or fault.tests or fault.commands, fault.number
        assert fault.through_both != bool(fault.one_sided), f"{fault.number}: through both sides, or one and the reason"
    assert {fault.number for fault in FAULTS} == {*range(1, 91)}
