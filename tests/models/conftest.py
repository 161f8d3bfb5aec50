"""A small dataset and operators on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, Sample
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


def trajectory(seed: int, edge_length: float = 0.2) -> Sample:
    """Two modes of the heat equation on a square that decay, at instants that are not evenly spaced."""
    mesh, rng = shapes.square(edge_length, seed=seed % 2, kind="structured"), np.random.default_rng(seed)
    x, y = mesh.points.T
    time, diffusivity = np.array([0.0, 0.1, 0.2, 0.4, 0.8]), rng.uniform(0.05, 0.1)
    modes = [np.sin(k * np.pi * x) * np.sin(np.pi * y) for k in (1, 2)]
    decay = [np.exp(-diffusivity * (k**2 + 1) * np.pi**2 * time) for k in (1, 2)]
    u = sum(c * d[:, None] * mode for c, d, mode in zip(rng.uniform(0.5, 1, 2), decay, modes))
    still = mesh.with_data({"diffusivity": np.full(mesh.num_points, diffusivity)})
    return Sample(still, {}, seed, time, {"temperature": 300 + u})


@pytest.fixture(scope="session")
def trajectories(tmp_path_factory: pytest.TempPathFactory) -> MeshDataset:
    path = tmp_path_factory.mktemp("models") / "heat.h5"
    fields = [FieldSpec("diffusivity"), FieldSpec("temperature", role="target", units="K", transient=True)]
    with DatasetWriter(path, fields, attributes={"pde": "toy heat"}) as writer:
        for seed in range(4):
            one = trajectory(seed)
            split = "train" if seed < 3 else "test"
            writer.append(one.mesh, one.params, split, time=one.time, point_series=one.point_series)
    return MeshDataset(path)


@pytest.fixture
def operator(dataset: MeshDataset) -> Operator:
    torch.manual_seed(0)
    return Operator.from_dataset(dataset, "mgkn", width=8, cycles=2, kernel={"width": 8}, geometry={"levels": 3})


@pytest.fixture
def model_file(operator: Operator, tmp_path: Path) -> Path:
    operator.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"
