"""Parameters of samples as inputs: from the dataset file through training to a prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch
from typer.testing import CliRunner

from gno.cli.application import app
from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh import Mesh, load, save, shapes
from gno.models import Operator
from gno.models.file.header import read_header
from gno.training import Recipe, evaluate, train

SMALL = {"width": 4, "depth": 1, "kernel": {"width": 4}, "params": ["strength", "angle"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samples on one mesh that differ in two numbers: u = strength sin(x + angle)."""
    path, mesh = tmp_path_factory.mktemp("params") / "waves.h5", shapes.square(0.25)
    with DatasetWriter(path, [FieldSpec("u", role="target")], attributes={"pde": "none"}) as writer:
        for i in range(8):
            strength, angle = 1.0 + i / 4, 0.1 * (-1) ** i * i
            u = strength * np.sin(mesh.points[:, 0] + angle)
            split = "train" if i < 5 else "valid" if i < 7 else "test"
            writer.append(mesh.with_data({"u": u}), {"strength": strength, "angle": angle, "number": i}, split=split)
    return path


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = {"model": {"name": "gkn", "options": SMALL}, "optimization": {"epochs": 1, "batch_size": 2}}
    return train(Recipe.make(table), data, tmp_path_factory.mktemp("run") / "run").model


def test_meshes_carry_the_parameters_that_are_asked_for(data: Path) -> None:
    with MeshDataset(data, "valid", params=["angle"]) as dataset:
        sample = dataset[0]
        assert sorted(sample.mesh.point_data) == ["angle", "u"]
        assert np.ptp(sample.mesh.point_data["angle"]) == 0
        assert sample.mesh.point_data["angle"][0] == sample.params["angle"] == dataset.params["angle"][5]


def test_a_parameter_is_an_input_that_is_scaled_as_in_training(data: Path) -> None:
    operator = Operator.from_dataset(MeshDataset(data), "gkn", **SMALL)
    assert operator.params == ("strength", "angle")
    strength = operator.inputs[0]
    assert (strength.low, strength.high) == ((1.0,), (2.0,))  # of the five training samples alone
    assert strength.normalizer.mean == pytest.approx((1.5,))
    assert strength.normalizer.std[0] == pytest.approx(np.std([1, 1.25, 1.5, 1.75, 2]))
    with MeshDataset(data, params=operator.params) as dataset:
        graphs = [operator.graph(dataset[i].mesh) for i in (0, 6)]
    assert graphs[1].params.tolist() == [[2.5, pytest.approx(0.6)]]
    assert graphs[1].params.dtype == torch.float64
    assert graphs[1].x[:, 0].unique().tolist() == [pytest.approx((2.5 - 1.5) / strength.normalizer.std[0])]
    assert Batch.from_data_list(graphs).params.shape == (2, 2)


def test_the_model_file_knows_its_parameters_and_their_range(model: Path) -> None:
    inputs = {field["name"]: field for field in read_header(model).description["inputs"]}
    assert inputs["strength"]["per_sample"] is True
    assert (inputs["angle"]["low"], inputs["angle"]["high"]) == ([pytest.approx(-0.3)], [pytest.approx(0.4)])
    assert Operator.load(model).params == ("strength", "angle")


def test_evaluation_takes_the_parameters_from_the_file(model: Path, data: Path, tmp_path: Path) -> None:
    metrics = evaluate(model, data, tmp_path / "out")
    with MeshDataset(data, "test", params=["strength", "angle"]) as dataset:
        mesh = dataset[0].mesh
        u = Operator.load(model).predict(mesh).point_data["u"]
    from gno.mesh import node_volume

    weight, truth = node_volume(mesh), mesh.point_data["u"]
    error = np.sqrt((weight * (u - truth) ** 2).sum() / (weight * truth**2).sum())
    assert metrics["relative_l2"] == pytest.approx(error, rel=1e-5)


def test_predict_sets_them_and_flags_what_training_did_not_see(model: Path, tmp_path: Path) -> None:
    save(shapes.square(0.2), tmp_path / "mesh.vtu")
    words = ["predict", model, tmp_path / "mesh.vtu", "-o", tmp_path / "p.vtu", "--set", "strength=3"]

    def run(*more: str) -> tuple[int, str, Mesh | None]:
        result = CliRunner().invoke(app, [*map(str, words), *more], prog_name="gno")
        out = load(tmp_path / "p.vtu") if result.exit_code == 0 else None
        return result.exit_code, result.stderr, out

    code, err, out = run("--set", "angle=0.2")
    assert code == 0
    assert "warning: strength is 3, in training from 1 to 2" in err
    assert out is not None
    assert out.point_data["distance_from_training"].min() == pytest.approx((3 - 2) / np.std([1, 1.25, 1.5, 1.75, 2]))
    other = run("--set", "angle=-0.3")[2]
    assert other is not None
    assert not np.allclose(other.point_data["u"], out.point_data["u"])
    code, err, _ = run()
    assert code == 3
    assert "the model takes the field 'angle'" in err
    assert "--set angle=NUMBER" in err


def test_unknown_and_varying_parameters_are_refused(data: Path, model: Path) -> None:
    with pytest.raises(ConfigError, match=r"parameter 'strenght' is not in .*did you mean 'strength'"):
        Operator.from_dataset(MeshDataset(data), "gkn", params=["strenght"])
    with pytest.raises(ConfigError, match=r"model.options.params = 'strength' .*valid list"):
        Recipe.make({"model": {"name": "gkn", "options": {"params": "strength"}}})
    mesh = shapes.square(0.25)
    mesh = mesh.with_data({"strength": mesh.points[:, 0], "angle": np.zeros(mesh.num_points)})
    with pytest.raises(DataError, match=r"parameter 'strength' ranges from 0 to 1; it is one number"):
        Operator.load(model).predict(mesh)


def test_a_parameter_with_the_name_of_a_field_is_refused(tmp_path: Path) -> None:
    path, mesh = tmp_path / "d.h5", shapes.square(0.5)
    with DatasetWriter(path, [FieldSpec("u", role="target")]) as writer:
        writer.append(mesh.with_data({"u": np.ones(mesh.num_points)}), {"u": 1.0}, split="train")
    with pytest.raises(ConfigError, match=r"has a parameter and a field 'u'"):
        MeshDataset(path, params=["u"])
