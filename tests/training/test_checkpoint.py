"""Checkpoints are whole or not there, run nothing, and one older is kept."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from gno.errors import DataError, ResourceError
from gno.training.checkpoint import load_checkpoint, previous_checkpoint, save_checkpoint


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
    else:
        path.write_bytes({"truncated": path.read_bytes()[:100], "empty": b"", "text": b"junk"}[damage])
    assert load_checkpoint(path)["step"] == 1
    previous_checkpoint(path).unlink()
    with pytest.raises(DataError, match="is no checkpoint"):
        load_checkpoint(path)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap(), protocol=2))
    torch.save({"format": "gno-checkpoint-1", "trap": Trap()}, tmp_path / "torch.pt")
    torch.save({"other": 1}, tmp_path / "other.pt")
    for name in ("plain.pt", "torch.pt", "other.pt"):
        with pytest.raises(DataError, match="is no checkpoint"):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


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
