"""Training without labels: it goes to the solver's solution, looks at no label, and is refused where it cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, MeshDataset
from gno.errors import ConfigError
from gno.mesh import node_volume
from gno.models import Operator
from gno.problems import Darcy
from gno.training import Recipe, relative_l2, train

DARCY = Darcy(nodes=60, field_nodes=200, refinement=1, shapes=("square",), held_out=(), boundary="mixed", seed=4)
GEOMETRY = {"features": ["coordinates"]}


def recipe(epochs: int, **data: object) -> Recipe:
    return Recipe.make(
        {
            "loss": "residual",
            "model": {"name": "transolver", "options": {"width": 32, "depth": 2, "geometry": GEOMETRY}},
            "data": {"valid_share": 0.0, **data},
            "optimization": {"epochs": epochs, "batch_size": 2, "learning_rate": 0.01, "ema": 0.0},
        }
    )


def written(path: Path, samples: int, *, shift: float = 0.0) -> Path:
    """Samples of Darcy's flow, perhaps with wrong labels of the same mean and spread."""
    with DatasetWriter(path, DARCY.fields, attributes=DARCY.attributes()) as writer:
        for i in range(samples):
            mesh, u = DARCY.sample(i).mesh, DARCY.sample(i).mesh.point_data["u"]
            wrong = np.roll(u, round(shift * len(u)))
            writer.append(mesh.with_data({**mesh.point_data, "u": wrong}), split="train")
    return path


def test_on_one_sample_it_goes_to_the_solution_of_the_solver(tmp_path: Path) -> None:
    run = train(recipe(100), written(tmp_path / "one.h5", 1), tmp_path / "run")
    with MeshDataset(tmp_path / "one.h5") as dataset:
        mesh = dataset[0].mesh
    fields = DARCY.solve(mesh).point_data["u"], Operator.load(run.model).predict(mesh).point_data["u"]
    solved, found = (torch.from_numpy(u).double() for u in fields)
    assert float(relative_l2(found, solved, torch.from_numpy(node_volume(mesh)))) < 0.05
    assert run.history[-1]["train_loss"] < 0.2 < run.history[0]["train_loss"]


def test_labels_are_not_looked_at_but_for_their_mean_and_spread(tmp_path: Path) -> None:
    true, wrong = (written(tmp_path / f"{shift}.h5", 3, shift=shift) for shift in (0.0, 0.5))
    runs = [train(recipe(2), path, tmp_path / f"{path.stem}-run") for path in (true, wrong)]
    losses = [[row["train_loss"] for row in run.history] for run in runs]
    assert np.allclose(*losses, rtol=1e-6)


def test_it_is_refused_without_known_equations(small_data: Path, heat_data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"samples of 'none'.*equations are not known"):
        train(recipe(1), small_data, tmp_path / "run")
    with pytest.raises(ConfigError, match="with trajectories"):
        train(recipe(1), heat_data, tmp_path / "run")
    with pytest.raises(ConfigError, match="partition"):
        train(recipe(1, partition=True), small_data, tmp_path / "run")
    assert not (tmp_path / "run").exists()
