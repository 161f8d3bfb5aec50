"""Everything that the README tells the reader to run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gno.mesh import save, shapes

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [line.partition("  #")[0] for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]


@pytest.mark.parametrize("code", [text for kind, text in BLOCKS if kind == "python"])
def test_the_python_examples_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] in ("True", "8])")


@pytest.mark.slow
def test_the_commands_run_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "training").symlink_to(ROOT / "training")
    save(shapes.square_with_holes(0.1, [(0.5, 0.5, 0.2)]), tmp_path / "part.msh")
    save(shapes.airfoil_o(shapes.naca("0012"), around=24, outward=12), tmp_path / "wing.su2")
    gno = Path(sys.executable).with_name("gno")
    commands = [line for line in COMMANDS if line.startswith("gno ")]
    assert len(commands) == 8
    for command in commands:
        done = subprocess.run([gno, *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    made = {"darcy.h5", "run/model.safetensors", "run/report.html", "evaluation/metrics.json", "evaluation/report.html"}
    made |= {f"{name}.{suffix}" for name in ("prediction", "solution", "flow") for suffix in ("vtu", "png")}
    assert not [name for name in made if not (tmp_path / name).is_file()]


def test_the_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    named = [line.split()[1] for line in COMMANDS if line.startswith("make ")]
    assert named == ["demo", "test"]
    assert set(named) <= set(targets)


def test_every_file_that_is_linked_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
