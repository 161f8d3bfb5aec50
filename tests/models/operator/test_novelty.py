"""What is unlike the training has a large novelty, and what is like it a small one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh import Mesh, node_volume
from gno.models import Novelty, Operator, learn_novelty
from tests.models.conftest import sample


def test_one_node_in_a_hundred_of_the_training_has_more_than_one(dataset: MeshDataset, operator: Operator) -> None:
    assert "novelty" not in operator.predict(dataset[0].mesh).point_data
    meshes = [one.mesh for one in dataset]
    learn_novelty(operator, meshes)
    found = [operator.predict(mesh).point_data["novelty"] for mesh in meshes]
    volume = [node_volume(mesh) for mesh in meshes]
    over = np.mean([v @ (f > 1 + 1e-9) / v.sum() for v, f in zip(volume, found)])
    assert over <= 0.01
    assert np.mean([v @ (f > 0.999) / v.sum() for v, f in zip(volume, found)]) > 0.0


def test_it_does_not_hang_on_units_or_place_or_order_and_is_what_mahalanobis_says() -> None:
    rng = np.random.default_rng(1)
    f, turned = rng.normal(size=(5, 200, 3)) * [1.0, 2.0, 3.0], np.linalg.qr(rng.normal(size=(3, 3)))[0]
    share = np.full((5, 200), 1 / 200)
    plain, other = Novelty.of(f, share), Novelty.of(f @ turned + 7.0, share)
    new = 2 * rng.normal(size=(9, 3))
    assert np.allclose(plain(new), other(new @ turned + 7.0), rtol=1e-9)
    every = f.reshape(-1, 3)
    away = new - every.mean(0)
    exact = np.sqrt(np.einsum("ni,ij,nj->n", away, np.linalg.inv(np.cov(every.T, bias=True)), away))
    assert np.allclose(plain(new) * plain.unit, exact, rtol=1e-3)


@pytest.fixture
def learned(operator: Operator) -> Operator:
    learn_novelty(operator, [sample(seed) for seed in range(8)])
    return operator


@pytest.mark.parametrize("change", ["finer", "larger", "longer", "stronger"])
def test_other_meshes_and_other_inputs_are_new(learned: Operator, change: str) -> None:
    like = sample(20)
    mesh = {
        "finer": lambda: sample(20, edge_length=0.04),
        "larger": lambda: Mesh(like.points * 2.5, like.cells, like.boundary, like.point_data),
        "longer": lambda: Mesh(like.points * [3.0, 1.0], like.cells, like.boundary, like.point_data),
        "stronger": lambda: like.with_data({"permeability": 30 * like.point_data["permeability"]}),
    }[change]()
    usual, new = (float(np.median(learned.predict(m).point_data["novelty"])) for m in (like, mesh))
    assert usual < 1 < new


def test_it_travels_in_the_model_file(learned: Operator, dataset: MeshDataset, tmp_path: Path) -> None:
    learned.save(tmp_path / "m.safetensors")
    again, mesh = Operator.load(tmp_path / "m.safetensors"), dataset[0].mesh
    expected = learned.predict(mesh).point_data["novelty"]
    assert np.array_equal(again.predict(mesh).point_data["novelty"], expected)
    with pytest.raises(DataError, match="no sample"):
        learn_novelty(learned, list[Mesh]())
    with pytest.raises(ConfigError, match="2 means"):
        Novelty((0.0, 0.0), ((1.0, 0.0),), 1.0)
