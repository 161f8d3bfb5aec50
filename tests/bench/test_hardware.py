import subprocess
from pathlib import Path

import pytest
import torch

import gno
from gno.bench.hardware import commit, hardware


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_that_of_the_checkout_that_tracks_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "gno"
    home.mkdir()
    package = home / "__init__.py"
    package.write_text("1")
    monkeypatch.setattr(gno, "__file__", str(package))
    assert commit() is None
    git(tmp_path, "init", "-q")
    (tmp_path / "other").write_text("2")
    git(tmp_path, "add", "other")
    git(tmp_path, "commit", "-q", "-m", "of something else")
    assert commit() is None  # an environment inside a checkout that does not track it
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "the package")
    assert commit() == git(tmp_path, "rev-parse", "HEAD")[:12]
    package.write_text("3")
    assert str(commit()).endswith("-dirty")


def test_hardware_names_what_a_figure_depends_on() -> None:
    found = hardware(torch.device("cpu"))
    assert {"cpu", "cores", "threads", "packages", "gno", "commit"} <= found.keys()
    assert found["threads"] == torch.get_num_threads()
