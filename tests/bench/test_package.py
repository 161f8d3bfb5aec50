"""Peers of a package: what they learn from, and the environment that has it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.bench.accuracy import Contest
from gno.bench.accuracy.grid import Grid
from gno.bench.accuracy.learner import Item, Learner
from gno.bench.accuracy.neuralop import Fourier, Geometric
from gno.bench.accuracy.package import environment
from gno.bench.accuracy.suite import measure
from gno.errors import ResourceError
from gno.mesh import Mesh, shapes


class Oracle(Learner):
    """Knows that the second field is twice the first one."""

    batch, rate = 2, 1e-3

    def item(self, mesh: Mesh) -> Item:
        x = torch.as_tensor(self.seen(mesh))
        return Item(x, x, torch.as_tensor(self.wanted(mesh)), torch.ones(len(x)))

    def moved(self, item: Item, motion: int) -> Item:
        return item

    def forward(self, items: Sequence[Item]) -> list[Tensor]:
        return [one.x for one in items]

    def at_nodes(self, mesh: Mesh) -> np.ndarray:
        return self.seen(mesh)


def sample(seed: int) -> Mesh:
    mesh = shapes.square(0.2, seed=seed)
    a = 1 + mesh.points @ np.random.default_rng(seed).random(2)
    return mesh.with_data({"a": a, "u": 2 * a - 1})


def test_a_learner_is_measured_in_the_units_of_the_field() -> None:
    meshes = [sample(seed) for seed in range(3)]
    learner = Oracle(meshes, ("a", "u"), "none", "free")
    assert np.abs(learner.predict(meshes[0])["u"] - meshes[0].point_data["u"]).max() < 1e-12
    assert float(learner.loss([learner.item(mesh) for mesh in meshes])) < 1e-12
    walled = Oracle(meshes, ("a", "u"), "log", "zero").predict(meshes[0])["u"]
    inside = np.setdiff1d(np.arange(len(walled)), meshes[0].boundary_nodes)
    assert (walled[meshes[0].boundary_nodes] == 0).all()
    assert (walled[inside] != 0).all()


def test_a_grid_takes_linear_fields_from_a_mesh_and_gives_them_back() -> None:
    mesh = shapes.square(0.15)
    linear = mesh.points @ np.array([2.0, -1.0]) + 0.5
    grid = Grid.around([mesh], 21)
    values = grid.of(mesh, linear[:, None])[:, 0]
    assert grid.shape == (21, 21)
    assert np.abs(values - (grid.points @ np.array([2.0, -1.0]) + 0.5)).max() < 1e-12
    assert np.abs(grid.at(values, mesh.points) - linear).max() < 1e-12
    ring = Grid.around([shapes.square(0.3), Mesh(mesh.points + 2.0, mesh.cells)], 21)
    assert (ring.of(mesh, linear[:, None] + 9)[ring.points.max(axis=1) > 1.1] == 0).all()


def test_a_grid_and_a_mesh_are_moved_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image of a mesh, moved, is the image of the moved mesh, for each of the eight motions of the square."""
    stub = SimpleNamespace(FNO=lambda **_: torch.nn.Identity(), GINO=lambda **_: torch.nn.Identity())
    monkeypatch.setitem(sys.modules, "neuralop.models", stub)
    mesh = shapes.square(0.1, seed=0)
    a, u = (mesh.points @ np.array(slope) + 2 for slope in ([1.0, 0.3], [-0.2, 0.7]))  # linear, so exact on the grid
    mesh = mesh.with_data({"a": a, "u": u})
    on_grid, on_mesh = (kind([mesh], ("a", "u"), "none", "free") for kind in (Fourier, Geometric))
    images = []
    for motion in on_grid.motions:
        places = on_mesh.moved(on_mesh.item(mesh), motion).places[0].double().numpy()
        other = on_grid.item(Mesh(places, mesh.cells, point_data=mesh.point_data))
        moved = on_grid.moved(on_grid.item(mesh), motion)
        assert (moved.x - other.x).abs().max() < 1e-5
        assert (moved.y - other.y).abs().max() < 1e-5
        images.append(moved.x)
    assert all((one - two).abs().max() > 0.1 for one, two in itertools.combinations(images, 2))


@pytest.mark.long
def test_packages_train_in_an_environment_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = measure(Contest(tmp_path / "contest", seconds=2.0, seeds=1, peers=("fno", "gino"), quick=True))
    for row in found["summary"]:
        assert all(0 < row[mesh] < 1 for mesh in ("error", "finer", "coarser", "re-meshed"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ResourceError, match=r"neuraloperator==2.0.0 cannot be installed(?s:.*)--peer"):
        environment(tmp_path / "elsewhere")
