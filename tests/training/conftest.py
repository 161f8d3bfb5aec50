"""A small dataset of Darcy-like samples, and a recipe for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec
from gno.mesh import shapes
from gno.training import Recipe


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten samples on meshes of 30 nodes, six to train, two to validate, two to test: u = a x (1 - x) y (1 - y)."""
    path = tmp_path_factory.mktemp("data") / "small.h5"
    rng = np.random.default_rng(0)
    fields = [FieldSpec("permeability"), FieldSpec("u", role="target")]
    with DatasetWriter(path, fields, attributes={"pde": "none"}) as writer:
        for i in range(10):
            mesh = shapes.square(0.25, seed=i // 2)
            a, (x, y) = rng.uniform(1, 2, mesh.num_points), mesh.points.T
            split = "train" if i < 6 else "valid" if i < 8 else "test"
            writer.append(mesh.with_data({"permeability": a, "u": a.mean() * x * (1 - x) * y * (1 - y)}), split=split)
    return path


@pytest.fixture
def recipe() -> Recipe:
    """Three epochs of a small MGKN with everything switched on."""
    return Recipe.make(
        {
            "seed": 5,
            "model": {"name": "mgkn", "options": {"width": 4, "cycles": 1, "geometry": {"levels": 2}}},
            "data": {"augment": "rigid"},
            "optimization": {"epochs": 3, "batch_size": 2, "learning_rate": 0.01, "ema": 0.9},
        }
    )


@pytest.fixture(scope="session")
def heat_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten trajectories of the heat equation on meshes of 30 nodes: modes that decay, on a boundary that is given."""
    path = tmp_path_factory.mktemp("data") / "heat.h5"
    rng = np.random.default_rng(0)
    fields = [FieldSpec("diffusivity"), FieldSpec("u", role="target", transient=True)]
    with DatasetWriter(path, fields, attributes={"pde": "none"}) as writer:
        for i in range(10):
            mesh, time = shapes.square(0.25, seed=i // 2), 0.02 * np.arange(7.0)
            k, (x, y) = rng.uniform(0.5, 1), mesh.points.T
            u = rng.uniform(1, 2) * np.exp(-2 * k * np.pi**2 * time)[:, None] * np.cos(np.pi * x) * np.cos(np.pi * y)
            split = "train" if i < 6 else "valid" if i < 8 else "test"
            still = mesh.with_data({"diffusivity": np.full(mesh.num_points, k)})
            writer.append(still, split=split, time=time, point_series={"u": u})
    return path


@pytest.fixture
def heat_recipe() -> Recipe:
    """Three epochs of a small MeshGraphNet in time with everything switched on."""
    return Recipe.make(
        {
            "seed": 5,
            "model": {"name": "meshgraphnet", "options": {"width": 8, "depth": 2, "kernel": {"width": 8}}},
            "time": {
                "strides": [1, 2], "windows": 2, "horizon": 2, "pushforward": 1, "noise": 0.01, "fixed": ["*"],
                "valid_steps": 4,
            },
            "optimization": {"epochs": 3, "batch_size": 4, "learning_rate": 0.01, "ema": 0.9},
        }
    )  # fmt: skip
