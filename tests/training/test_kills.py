"""A run that is killed at any moment leaves a checkpoint that it goes on from."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from gno.training import Recipe, loop, train
from gno.training.checkpoint import load_checkpoint


def endless(recipe: Recipe, data: Path, out: Path) -> None:
    """Train for ever, with a checkpoint after every epoch, which takes some milliseconds."""
    loop.SAVE_EVERY = 0.0
    train(recipe, data, out, resume=True)


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.long)])
def test_a_killed_run_goes_on_from_its_last_checkpoint(
    kills: int, recipe: Recipe, small_data: Path, tmp_path: Path
) -> None:
    recipe = Recipe.make(recipe.model_dump() | {"optimization": {"epochs": 10**5, "batch_size": 6}, "threads": 1})
    context = multiprocessing.get_context("forkserver")  # which imports torch once for all processes to come
    context.set_forkserver_preload([__name__])
    moments, step = np.random.default_rng(0).uniform(0.0, 0.3, kills), 0
    for moment in moments:
        process = context.Process(target=endless, args=(recipe, small_data, tmp_path / "run"), daemon=True)
        process.start()
        until = time.monotonic() + 300
        while time.monotonic() < until and process.is_alive():
            begun = (tmp_path / "run" / "checkpoint.pt").exists()
            if begun and load_checkpoint(tmp_path / "run" / "checkpoint.pt")["position"]["step"] > step:
                break
            time.sleep(0.01)
        time.sleep(moment)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        after = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["position"]["step"]
        assert after > step
        step = after
