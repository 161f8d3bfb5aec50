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
