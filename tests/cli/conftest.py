import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import save, shapes
from gno.models import Operator
from tests.process import begin, script

MAIN = "from gno.cli import main; main()"
"""What a process of its own does with its words."""


@dataclass
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> list[str]:
        """The last three lines on standard error."""
        return self.err.strip("\n").split("\n")[-3:]


@pytest.fixture
def gno(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs a command in this process."""
    from gno.cli.application import app

    monkeypatch.setenv("TERM", "dumb")

    def run(*words: Any) -> Answer:
        result = CliRunner().invoke(app, [str(word) for word in words], prog_name="gno")
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def alone() -> Callable[..., Answer]:
    """Runs a command in a process of its own; ``before`` is done in it first.

    One that is given options of ``subprocess.run``, of its streams and surroundings, is started for it.
    """

    def run(*words: Any, before: str = "", **options: Any) -> Answer:
        if not options:
            forked = script(f"{before}\n{MAIN}", *words)
            return Answer(forked.returncode, forked.stdout, forked.stderr)
        command = [sys.executable, "-c", f"{before}\n{MAIN}", *map(str, words)]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 600} | options
        ended = subprocess.run(command, text=True, check=False, **pipes)
        return Answer(ended.returncode, ended.stdout or "", ended.stderr or "")

    return run


@pytest.fixture
def stop() -> Callable[..., tuple[int, str]]:
    """Runs a command in a process of its own until it says how far it is; what it ended with, and what else it said.

    ``before`` is done in the process first; with ``once`` a file must be there, too, before it is stopped.
    """
    # A shell's background jobs are born deaf to Ctrl-C, and so are the tests that run in one.
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"

    def run(
        *words: Any, after: str, number: int = signal.SIGINT, before: str = "", once: Path | None = None
    ) -> tuple[int, str]:
        read, write = os.pipe()
        with open(os.devnull, "w") as out, open(write, "w") as err:
            process = begin(f"{listening}{before}\n{MAIN}", *words, out=out, err=err)
        with open(read) as told:
            patience = threading.Timer(60, process.kill)
            patience.start()
            assert told.readline().startswith(after)
            while once is not None and not once.exists() and process.is_alive():
                time.sleep(0.01)
            assert process.pid is not None
            os.kill(process.pid, number)
            rest = told.read()
            patience.cancel()
        process.join()
        assert "Traceback" not in rest
        assert process.exitcode is not None
        return process.exitcode, rest

    return run


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of six samples, an untrained model of it, and a mesh with and without fields."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    specs = [FieldSpec("permeability", units="m^2"), FieldSpec("u", role="target", units="Pa")]
    attributes = {"pde": "darcy", "generator": json.dumps({"nodes": 40})}
    with DatasetWriter(folder / "d.h5", specs, attributes=attributes) as writer:
        for i in range(6):
            mesh = shapes.square(0.25, seed=i)
            a = np.where(rng.random(mesh.num_points) > 0.5, 12.0, 3.0)
            u = np.prod(mesh.points * (1 - mesh.points), axis=1) * (1 + 0.1 * i)
            writer.append(mesh.with_data({"permeability": a, "u": u}), split="train" if i < 4 else "test")
    torch.manual_seed(0)
    with MeshDataset(folder / "d.h5") as dataset:
        Operator.from_dataset(dataset, "gkn", width=4, depth=1, kernel={"width": 8}).save(folder / "m.safetensors")
    mesh = shapes.square(0.2, seed=9)
    a = np.where(mesh.points[:, 0] > 0.5, 12.0, 3.0)
    save(mesh, folder / "bare.vtu")
    save(mesh, folder / "bare.su2")
    save(mesh.with_data({"permeability": a, "other": a + 1}), folder / "full.vtu")
    return folder
