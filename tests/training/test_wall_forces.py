"""Forces on walls: exact for fields that are linear, by Gauss and by hand, and found where there are walls."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec
from gno.mesh import Mesh, shapes
from gno.problems.registry import PROBLEMS
from gno.report import evaluation_report
from gno.report.history import read_metrics
from gno.training import Recipe, evaluate, train
from gno.training.wall_forces import ForceCurves, WallForces, viscosity_of

HOLE = shapes.square_with_holes(0.15)


def hole_of(mesh: Mesh) -> str:
    """The patch whose nodes all lie inside of the square."""
    inside = lambda nodes: ((mesh.points[nodes] > 0.01) & (mesh.points[nodes] < 0.99)).all()  # noqa: E731
    return next(name for name, nodes in mesh.boundary.items() if inside(nodes))


@pytest.mark.parametrize("mesh", [HOLE, shapes.square(0.2, kind="quad")], ids=["triangles", "quads"])
def test_pressure_pushes_as_gauss_says(mesh: Mesh) -> None:
    """Over a closed surface: of p = 1 nothing, of p = x the volume within, and the friction of linear flow cancels."""
    patches = list(mesh.boundary)
    force, at_rest = WallForces.of(mesh, patches), torch.zeros(mesh.num_points, 2, dtype=torch.float64)
    x, y = torch.from_numpy(mesh.points).T
    assert sum(force(at_rest, torch.ones_like(x), 0.1).values()).abs().max() < 1e-13
    volume = float(force.gradient.volume.sum())
    assert sum(force(at_rest, x, 0.1).values()).tolist() == pytest.approx([volume, 0], abs=1e-13)
    strained = torch.stack([3 * x + y, 2 * x - 3 * y], dim=1)
    assert sum(force(strained, torch.zeros_like(x), 0.1).values()).abs().max() < 1e-13


def test_shear_drags_the_wall_along() -> None:
    mesh = shapes.square(0.2, kind="structured")
    x, y = torch.from_numpy(mesh.points).T
    force = WallForces.of(mesh, ["bottom", "left"])
    found = force(torch.stack([7 * y, 0 * y], dim=1), torch.zeros_like(x), 0.5)
    assert found["bottom"].tolist() == pytest.approx([3.5, 0], abs=1e-13)
    assert found["left"].tolist() == pytest.approx([0, 0], abs=1e-13)


def test_the_error_is_relative_to_the_true_force_after_the_first_instant() -> None:
    truth = np.array([[9.0, 9], [3, 4], [0, 0]])
    assert ForceCurves(truth, truth).error == 0
    assert ForceCurves(truth, 1.1 * truth).error == pytest.approx(0.1)


def test_an_evaluation_finds_the_walls_and_their_forces(tmp_path: Path) -> None:
    hole, (x, y) = hole_of(HOLE), HOLE.points.T
    at_rest = np.isin(np.arange(HOLE.num_points), HOLE.boundary[hole])
    fields = [
        FieldSpec("velocity", role="target", components=2, transient=True),
        FieldSpec("pressure", role="target", transient=True),
    ]
    time = 0.1 * np.arange(3)
    with DatasetWriter(tmp_path / "d.h5", fields, attributes={"viscosity": 0.1}) as writer:
        for k in range(3):
            velocity = (1 + k * time)[:, None, None] * np.stack([y + 1, x], axis=1) * ~at_rest[:, None]
            series = {"velocity": velocity, "pressure": (1 + time)[:, None] * (x + k)}
            writer.append(HOLE, split="test" if k == 2 else "train", time=time, point_series=series)
    options = {"width": 4, "depth": 1, "kernel": {"width": 4}}
    recipe = Recipe.make({"model": {"name": "gkn", "options": options}, "optimization": {"epochs": 1}})
    model = train(recipe, tmp_path / "d.h5", tmp_path / "run").model
    metrics = evaluate(model, tmp_path / "d.h5", tmp_path / "out")
    columns = read_metrics(tmp_path / "out" / "forces.csv")
    lines = (tmp_path / "out" / "forces.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == [hole] * 3
    true, found = (np.stack([columns[f"{kind}_{axis}"] for axis in "xy"], axis=1) for kind in ("true", "predicted"))
    assert metrics["force_error"] == pytest.approx(ForceCurves(true, found).error, rel=1e-5)
    for i, axis in enumerate("xy"):
        alone = np.linalg.norm((found - true)[1:, i]) / np.linalg.norm(true[1:, i])
        assert metrics[f"force_error_{hole}_{axis}"] == pytest.approx(alone, rel=1e-5)
    assert metrics["persistence_force_error"] > 0
    force = WallForces.of(HOLE, [hole])
    expected = force(torch.from_numpy(velocity[2]), torch.from_numpy(series["pressure"][2]), 0.1)[hole]
    assert true[2].tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    written = evaluation_report(tmp_path / "out", model, tmp_path / "d.h5")
    assert "median_forces.png" in {path.name for path in written}
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["force_error"] > 0


def test_the_viscosity_is_that_of_the_trajectory_the_dataset_or_the_problem() -> None:
    cylinder = PROBLEMS["cylinder"](viscosity=2e-3)
    assert viscosity_of({"viscosity": 1e-3}, cylinder.attributes()) == 1e-3
    assert viscosity_of({}, cylinder.attributes()) == 2e-3
    assert viscosity_of({}, {"pde": "unknown"}) is None
