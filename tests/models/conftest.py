"""A small dataset and operators on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import Mesh, shapes
from gno.models import Operator


def sample(seed: int, edge_length: float = 0.15) -> Mesh:
    """A square with a positive input over two decades and a target that vanishes on the boundary."""
    mesh = shapes.square(edge_length, seed=seed)
    x, y = mesh.points.T
    permeability = np.exp(3 * np.sin(3 * x + seed) * np.cos(2 * y))
    u = x * (1 - x) * y * (1 - y) * (2 + np.sin(x + seed))
    return mesh.with_data({"permeability": permeability, "u": u})


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> MeshDataset:
    path = tmp_path_factory.mktemp("models") / "toy.h5"
    fields = [FieldSpec("permeability", units="m^2"), FieldSpec("u", role="target")]
    with DatasetWriter(path, fields, attributes={"pde": "toy", "seed": 3}) as writer:
        for seed in range(4):
            writer.append(sample(seed), split="train" if seed < 3 else "test")
    return MeshDataset(path)


@pytest.fixture
def operator(dataset: MeshDataset) -> Operator:
    torch.manual_seed(0)
    return Operator.from_dataset(dataset, "mgkn", width=8, cycles=2, kernel={"width": 8}, geometry={"levels": 3})


@pytest.fixture
def model_file(operator: Operator, tmp_path: Path) -> Path:
    operator.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"
