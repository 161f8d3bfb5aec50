"""The pages of the documentation name what there is, and their examples run."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gno.mesh.formats import FORMATS
from gno.training.optimization import Optimization

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
ROOMS = ("mesh", "mesh.shapes", "mesh.formats", "graph", "ops", "nn", "models", "fv", "problems", "datasets")
ROOMS += ("training", "testing", "report")


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_on_the_page_of_the_api(room: str) -> None:
    names = importlib.import_module(f"gno.{room}").__all__
    known = {"gno.mesh.formats.load", "gno.mesh.formats.save", "gno.mesh.shapes"}
    missing = [name for name in names if not re.search(rf"\b{room}\.{name}\b", PAGES["api.md"])]
    assert {f"gno.{room}.{name}" for name in missing} <= known


def test_every_test_and_file_that_a_page_names_is_there() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    for page, text in PAGES.items():
        for name in re.findall(r"`(test_\w+_\w+_\w+)`", text):
            assert f"def {name}(" in tests, f"{page} names {name}"
        for name in re.findall(r"`((?:gno|tests|docs|training|datasets)/[\w/]+\.\w+)`", text):
            assert "NAME" in name or (ROOT / name).exists(), f"{page} names {name}"


def test_formats_and_keys_of_recipes_are_on_the_page_of_the_commands() -> None:
    assert [suffix for suffix in FORMATS if f"| `{suffix}` |" not in PAGES["commands.md"]] == []
    assert [key for key in Optimization.model_fields if f"| `{key}` |" not in PAGES["commands.md"]] == []


@pytest.mark.parametrize("page", ["operators.md", "finite-volumes.md"])
def test_the_examples_run(page: str, tmp_path: Path) -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGES[page], flags=re.MULTILINE | re.DOTALL))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "False" not in done.stdout
