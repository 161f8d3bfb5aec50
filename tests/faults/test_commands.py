"""Faults of the machine, of processes and of numbers, as who gives commands meets them."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch

from gno.datasets.archive import reseal
from gno.models import Operator
from gno.problems.registry import PROBLEMS
from gno.training.checkpoint import load_checkpoint
from tests.cli.conftest import Answer
from tests.faults.catalogue.run_files import RECIPE
from tests.problems.test_generate import Mortal
from tests.training.test_processes import free_port

Gno = Callable[..., Answer]
Stop = Callable[..., tuple[int, str]]
SMALL = ("--set", "nodes=40", "--set", "field_nodes=100")
SLOW = """
import time
import gno.training.loop as loop
loop.SAVE_EVERY, save = 0.0, loop.save_checkpoint
loop.save_checkpoint = lambda *state: (save(*state), time.sleep(2.0))
"""
"""A checkpoint after every epoch, and time to be stopped before the next one."""
EXTRAS = ("torch_scatter", "pyvista", "gmsh", "torchdiffeq", "torchsde", "pypardiso", "pymetis", "tensorboard")


@pytest.fixture
def words(tmp_path: Path, small_data: Path) -> Callable[..., tuple[Any, ...]]:
    """Trains into a folder of that name."""
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE)

    def command(run: str, *settings: str) -> tuple[Any, ...]:
        given = [word for s in ("threads=1", *settings) for word in ("--set", s)]
        return ("train", recipe, "--data", small_data, "-o", tmp_path / run, "--device", "cpu", *given)

    return command


def test_statistics_of_other_data_fail_the_check(gno: Gno, files: Path, tmp_path: Path) -> None:
    path = tmp_path / "d.h5"
    path.write_bytes((files / "d.h5").read_bytes())
    with h5py.File(path, "r+") as raw:
        raw["gno/stats/u/mean"][0] *= 1.01
        reseal(raw)
    answer = gno("check", path)
    assert answer.code == 3
    assert answer.error[1].startswith("  why: mean of 'u' is")


def test_killed_commands_lose_nothing_and_go_on(gno: Gno, stop: Stop, words: Any, tmp_path: Path) -> None:
    long = words("run", "optimization.epochs=100")
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    ended, _ = stop(*long, after="graphs", number=signal.SIGKILL, before=SLOW, once=checkpoint)
    assert ended == -signal.SIGKILL
    assert load_checkpoint(checkpoint)["position"]["step"] > 0
    assert gno("check", tmp_path / "run" / "model.safetensors").code == 4, "a run that was killed has no model yet"

    made = tmp_path / "d.h5"
    many = ("generate", "darcy", "-o", made, *SMALL, "-n")
    ended, _ = stop(*many, 5000, after="samples", number=signal.SIGKILL)
    assert ended == -signal.SIGKILL
    kept = gno("repair", f"{made}.part", "-o", tmp_path / "kept.h5", "--json")
    assert (kept.code, kept.json["samples"] > 0) == (0, True)
    assert gno("check", tmp_path / "kept.h5").code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_goes_on_bit_for_bit_whatever_the_clock_says(
    gno: Gno, stop: Stop, words: Any, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    run, whole = words("run", "optimization.epochs=4"), words("whole", "optimization.epochs=4")
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    ended, rest = stop(*run, after="graphs", number=number, before=SLOW, once=checkpoint)
    assert (ended, "--resume" in rest) == (code, True)
    for place, file in enumerate(sorted((tmp_path / "run").iterdir())):
        os.utime(file, (-(10**6) * place, 4 * 10**9 * (place % 2)))
    answers = [gno(*run, "--resume"), gno(*whole)]
    assert [answer.code for answer in answers] == [0, 0]
    one, other = (tmp_path / name / "model.safetensors" for name in ("run", "whole"))
    assert one.read_bytes() == other.read_bytes()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_commands_and_leaves_what_was_there(gno: Gno, words: Any, files: Path, tmp_path: Path) -> None:
    old, made = tmp_path / "p.vtu", ("generate", "darcy", "-o", tmp_path / "d.h5", "-n", 4, *SMALL)
    old.write_text("old")
    commands = {
        ("predict", files / "m.safetensors", files / "full.vtu", "-o", old): 1500,
        ("solve", "darcy", files / "full.vtu", "-o", old): 1500,
        words("run"): 1500,
        made: 12_000,
    }
    for command, size in commands.items():
        with disk_of(size):
            answer = gno(*command)
        assert (answer.code, "free some space" in answer.error[2]) == (6, True), answer.err
    assert old.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.h5.part", "p.vtu", "r.toml"]
    assert gno(*made).code == 0, "it goes on with what it has"


def test_training_without_enough_memory_says_what_may_fit(
    gno: Gno, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starved(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried 9 GiB")

    monkeypatch.setattr(Operator, "forward", starved)
    answer = gno(*words("run", "optimization.batch_size=5"))
    assert answer.code == 6
    assert "with 5 samples" in answer.error[0]
    assert "accumulate=2" in answer.error[2]


def test_a_loss_that_is_not_finite_ends_the_command(gno: Gno, words: Any, tmp_path: Path) -> None:
    answer = gno(*words("run", "optimization.learning_rate=1e4", "optimization.batch_size=6", "optimization.epochs=3"))
    assert answer.code == 5
    assert "in epoch 2, batch 1" in answer.error[0]
    assert "lower optimization.learning_rate" in answer.error[2]
    weights = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["operator"].values()
    assert all(bool(torch.isfinite(value).all()) for value in weights)


def test_a_worker_that_dies_ends_the_command_and_the_same_one_goes_on(
    gno: Gno, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROBLEMS, "darcy", Mortal)
    made, grave = tmp_path / "d.h5", f"grave={tmp_path / 'grave'}"
    command = ("generate", "darcy", "-o", made, "-n", 4, *SMALL, "--set", grave)
    died = gno(*command, "--workers", 2)
    assert (died.code, "worker process has ended" in died.error[0]) == (6, True)
    assert not made.exists()
    assert gno(*command).code == 0


DIES = """
import os, signal
from gno.models import Operator
forward, calls = Operator.forward, [0]
def killed(self, graph):
    calls[0] += 1
    return os.kill(os.getpid(), signal.SIGKILL) if calls[0] == 8 else forward(self, graph)
Operator.forward = killed
"""


def together(alone: Gno, command: tuple[Any, ...], *before: str) -> list[Answer]:
    """The command in two processes, as torchrun starts them."""

    port = free_port()

    def one(rank: int) -> Answer:
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = os.environ | {name: str(value) for name, value in place.items()}
        return alone(*command, before=before[rank] if before else "", env=environment)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, (0, 1)))


@pytest.mark.long
def test_two_commands_train_what_one_does_and_end_when_one_is_killed(
    alone: Gno, gno: Gno, words: Any, tmp_path: Path
) -> None:
    uneven = ("optimization.batch_size=5", "optimization.epochs=3")  # of six samples: shares of three and two, and one
    assert [a.code for a in together(alone, words("two", *uneven))] == [0, 0]
    assert gno(*words("one", *uneven)).code == 0
    one, two = (Operator.load(tmp_path / run / "model.safetensors").state_dict() for run in ("one", "two"))
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=1e-4, atol=1e-5)
    answers = together(alone, words("dead", "optimization.epochs=1000"), "", DIES)
    assert [a.code for a in answers] == [6, -signal.SIGKILL]
    assert load_checkpoint(tmp_path / "dead" / "checkpoint.pt")["position"]["step"] > 0


def test_a_torch_scatter_of_another_torch_harms_no_command(alone: Gno, files: Path, tmp_path: Path) -> None:
    (tmp_path / "torch_scatter.py").write_text("raise OSError('undefined symbol: _ZN5torch')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    words = ("predict", files / "m.safetensors", files / "full.vtu", "-o", tmp_path / "p.vtu", "--quiet")
    answer = alone(*words, env=os.environ | {"PYTHONPATH": path})
    assert (answer.code, answer.err.count("torch-scatter") <= 1) == (0, True), answer.err
    assert "Traceback" not in answer.err


def test_no_command_needs_an_extra(gno: Gno, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EXTRAS:
        monkeypatch.setitem(sys.modules, name, None)
    known = gno("info", "--json").json["backend"]
    assert known["pypardiso"] == known["pyvista"] == known["torch-scatter"] == "not installed"
    for number, words in enumerate((("predict", files / "m.safetensors"), ("solve", "darcy"))):
        assert gno(*words, files / "full.vtu", "-o", tmp_path / f"{number}.vtu").code == 0


def test_locale_and_time_zone_change_no_prediction(alone: Gno, gno: Gno, files: Path, tmp_path: Path) -> None:
    words = ("predict", files / "m.safetensors", files / "full.vtu", "-o")
    elsewhere = os.environ | {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu"}
    assert alone(*words, tmp_path / "there.vtu", env=elsewhere).code == gno(*words, tmp_path / "here.vtu").code == 0
    assert (tmp_path / "there.vtu").read_bytes() == (tmp_path / "here.vtu").read_bytes()


def test_the_same_command_twice_makes_the_same_bytes(gno: Gno, words: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert gno("generate", "darcy", "-o", tmp_path / f"{name}.h5", "-n", 2, "--seed", 3, *SMALL).code == 0
        assert gno(*words(name, "seed=3")).code == 0
    one, two = (
        [(tmp_path / name / "model.safetensors").read_bytes(), (tmp_path / f"{name}.h5").read_bytes()] for name in "ab"
    )
    assert one == two
