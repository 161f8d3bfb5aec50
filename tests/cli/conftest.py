import json
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
