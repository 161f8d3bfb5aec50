"""Checkpoints are whole or not there, run nothing, notice each changed number, and one older is kept."""

from __future__ import annotations

import os
import pickle
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.errors import ModelError, ResourceError
from gno.training.checkpoint import load_checkpoint, previous_checkpoint, save_checkpoint
from tests.process import begin


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    state = {"weights": {"a": torch.arange(3.0)}, "rows": [{"epoch": 1, "loss": 0.5}], "step": 7, "random": b"x".hex()}
    save_checkpoint(tmp_path / "c.pt", state)
    loaded = load_checkpoint(tmp_path / "c.pt")
    assert torch.equal(loaded["weights"]["a"], torch.arange(3.0))
    assert (loaded["rows"], loaded["step"]) == (state["rows"], 7)
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "gone"])
def test_the_checkpoint_before_steps_in_for_a_damaged_one(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "c.pt"
    for step in (1, 2):
        save_checkpoint(path, {"step": step})
    assert load_checkpoint(path)["step"] == 2
    if damage == "gone":
        path.unlink()
        assert load_checkpoint(path)["step"] == 1
    else:
        path.write_bytes({"truncated": path.read_bytes()[:100], "empty": b"", "text": b"junk"}[damage])
        with pytest.warns(UserWarning, match=r"c\.pt is damaged.*c\.previous\.pt takes its place"):
            assert load_checkpoint(path)["step"] == 1
    previous_checkpoint(path).unlink()
    with pytest.raises(ModelError, match="damaged" if damage != "gone" else "is no checkpoint") as caught:
        load_checkpoint(path)
    assert caught.value.exit_code == 4


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap(), protocol=2))
    torch.save({"layout": "gno-checkpoint", "format": 2, "state": Trap()}, tmp_path / "torch.pt")
    for name in ("plain.pt", "torch.pt"):
        with pytest.raises(ModelError, match=r"contains code: refused; it asks for \w+"):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layout": "other"}, "is no checkpoint; it is of another layout"),
        ({"format": 99, "gno": "7.1"}, r"has format 99, made by gno 7\.1; this is gno .* formats up to 2"),
        ({"state": [1]}, "its state or its checksums are missing"),
        ({"sha256": {}}, "checksum of the numbers beside the tensors differs"),
        ({"state": {"step": 3, "w": {"a": torch.zeros(2)}}}, "checksum of tensor w/a differs"),
        ({"state": {"step": 4, "w": {"a": torch.ones(2)}}}, "checksum of the numbers beside the tensors differs"),
        ({"state": {"step": 3, "w": {"a": torch.zeros(1).expand(10**9)}}}, "tensor w/a claims 4000000000 bytes"),
        ({"state": {"step": 3, "w": {"a": torch.ones(2).to_sparse()}}}, "tensor w/a claims"),
    ],
)
def test_what_a_file_must_not_hold_is_named(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"step": 3, "w": {"a": torch.ones(2)}})
    torch.save(torch.load(path, weights_only=True) | change, path)
    with pytest.raises(ModelError, match=says):
        load_checkpoint(path)


def test_a_flipped_bit_is_found_or_changes_nothing(tmp_path: Path) -> None:
    path, rng = tmp_path / "c.pt", np.random.default_rng(0)
    state = {"step": 3, "rows": [{"loss": 0.1}], "w": {name: torch.rand(20, 20) for name in "ab"}}
    save_checkpoint(path, state)
    whole, found, named = path.read_bytes(), 0, 0
    for place in rng.integers(0, 8 * len(whole), 60):
        content = bytearray(whole)
        content[place // 8] ^= 1 << (place % 8)
        path.write_bytes(content)
        try:
            loaded = load_checkpoint(path)
        except ModelError as error:
            found, named = found + 1, named + bool(re.search(r"checksum of tensor w/[ab] differs", error.what))
            continue
        assert (loaded["step"], loaded["rows"]) == (state["step"], state["rows"])
        assert all(torch.equal(loaded["w"][name], state["w"][name]) for name in "ab")
    assert found > named > 20


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"step": 1})

    def full(state: object, file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(ResourceError, match="No space left"):
        save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path)["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


SAVING = """
import sys, torch
from gno.training.checkpoint import save_checkpoint
state = {name: torch.ones(100, 1000) for name in "abc"}
save_checkpoint(sys.argv[1], state | {"step": 0})
print("ready", flush=True)
for step in range(1, 10**6):
    save_checkpoint(sys.argv[1], state | {"step": step})
"""


def test_a_kill_at_any_moment_leaves_a_checkpoint(tmp_path: Path) -> None:
    path, last = tmp_path / "c.pt", -1
    for i in range(2):
        read, write = os.pipe()
        with open(write, "w") as out:
            process = begin(SAVING, path, out=out, err=sys.__stderr__)
        with open(read) as told:
            assert told.readline() == "ready\n"
            time.sleep(0.013 * i)
            process.kill()
        process.join()
        last = load_checkpoint(path)["step"]
    assert last >= 0


def test_lists_that_hold_one_list_again_and_again_are_refused_at_once(tmp_path: Path) -> None:
    nested: list[object] = [1]
    for _ in range(60):
        nested = [nested, nested]  # 2**60 values in some hundred bytes
    path = tmp_path / "c.pt"
    torch.save({"layout": "gno-checkpoint", "format": 2, "sha256": {}, "state": {"a": nested}}, path)
    with pytest.raises(ModelError, match=r"claims more values than its .* bytes can hold"):
        load_checkpoint(path)
