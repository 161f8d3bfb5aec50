import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, MeshDataset
from gno.mesh import load, save
from gno.models import Operator
from gno.problems import AirfoilFlow, Darcy, misfit

Gno = Callable[..., Any]
SMALL = ("--set", "nodes=40", "--set", "field_nodes=100", "--set", "refinement=1", "--quiet")


def test_generate_says_what_it_made(gno: Gno, tmp_path: Path) -> None:
    path = tmp_path / "d.h5"
    answer = gno("generate", "darcy", "-o", path, "-n", 3, "--set", "shapes=square", "--seed", 5, "--json", *SMALL)
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["samples"] == 3
    with MeshDataset(path) as dataset:
        assert dataset.attributes["seed"] == 5
        assert answer.json["splits"] == {split: len(rows) for split, rows in dataset.splits.items()}
    again = gno("generate", "darcy", "-o", path, "-n", 3, *SMALL)
    assert again.code == 2
    assert "--overwrite" in again.error[2]
    assert gno("generate", "darcy", "-o", path, "-n", 2, "--overwrite", *SMALL).code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["d.h5"]


def test_a_file_to_test_with_can_be_generated_and_evaluated_but_not_trained_on(
    gno: Gno, files: Path, tmp_path: Path
) -> None:
    path, words = tmp_path / "x.h5", ("--set", "part=test", "--set", "nodes=60", "--json")
    answer = gno("generate", "darcy", "-o", path, "-n", 2, *words)
    assert (answer.code, answer.json["splits"]) == (0, {"test": 2})
    checked = gno("check", path)
    assert checked.code == 0
    assert "no sample is in the train split: statistics are over all samples" in checked.out
    assert gno("evaluate", files / "m.safetensors", path, "-o", tmp_path / "ev", "--quiet").code == 0
    recipe = tmp_path / "r.toml"
    recipe.write_text('[model]\nname = "gkn"\n')
    refused = gno("train", recipe, "--data", path, "-o", tmp_path / "run", "--device", "cpu")
    assert refused.code == 2
    assert "split 'train'" in refused.error[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("darci", "-n", 1), "unknown"),
        (("darcy", "-n", 1, "--set", "node=5"), "no option 'node'"),
        (("darcy", "-n", 1, "--set", "nodes=many"), "nodes=many"),
        (("darcy", "-n", 1, "--set", "shapes=star"), "star"),
        (("darcy", "-n", 0), "-n"),
        (("darcy", "-n", 1, "--set", "nodes"), "sets nothing"),
        (("darcy",), "-n is missing"),
        (("darcy", "-n", 1, "--seed", 1, "--set", "seed=2"), "--seed 1 and --set seed=2"),
    ],
)
def test_generate_refuses(gno: Gno, tmp_path: Path, words: tuple[Any, ...], what: str) -> None:
    answer = gno("generate", *words, "-o", tmp_path / "d.h5")
    assert answer.code == 2
    assert what in answer.error[0]
    assert not list(tmp_path.iterdir())


def test_generate_lists_problems_and_what_they_have_to_set(gno: Gno) -> None:
    assert "darcy" in gno("generate", "--json").json["problems"]
    answer = gno("generate", "darcy")
    assert answer.code == 0
    assert "about how many nodes a mesh has" in answer.out
    options = gno("generate", "darcy", "--json").json["options"]
    assert {option["name"]: option["default"] for option in options}["nodes"] == 450


def test_check_knows_what_a_file_is(gno: Gno, files: Path) -> None:
    mesh, data, model = (gno("check", files / name) for name in ("bare.su2", "d.h5", "m.safetensors"))
    assert (mesh.code, data.code, model.code) == (0, 0, 0)
    assert "Mesh OK." in mesh.out
    assert "Dataset OK." in data.out
    assert "It needs of a mesh: permeability." in model.out
    kinds = [gno("check", files / name, "--json").json["kind"] for name in ("bare.su2", "d.h5", "m.safetensors")]
    assert kinds == ["mesh", "dataset", "model"]


def test_check_prints_the_report_of_a_bad_mesh_and_fails(gno: Gno, tmp_path: Path) -> None:
    path = tmp_path / "thin.su2"
    path.write_text("NDIME= 2\nNELEM= 1\n9 0 1 2 3 0\nNPOIN= 4\n0 0 0\n5000 0 1\n5000 1 2\n0 1 3\n")
    answer = gno("check", path, "--json")
    assert answer.code == 3
    assert not answer.json["ok"]
    assert answer.error[0] == f"error: {path} fails 1 check"


def test_solve_darcy_balances(gno: Gno, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.vtu"
    walls = ("--bc", "left=dirichlet:1", "--bc", "right=dirichlet", "--bc", "*=neumann")
    answer = gno("solve", "darcy", files / "bare.su2", "-o", out, "--set", "source=0", *walls, "--json")
    assert answer.code == 0
    result = answer.json
    assert result["converged"]
    assert abs(sum(result["flux"].values())) < 1e-9
    assert np.isclose(result["flux"]["left"], -1.0), "u = 1 - x flows in on the left"
    mesh = load(out)
    assert np.allclose(mesh.point_data["u"], 1 - mesh.points[:, 0], atol=1e-8)
    assert abs(mesh.cell_data["residual"]).max() < 1e-8
    assert (tmp_path / "s.png").stat().st_size > 5000


def test_solve_darcy_takes_fields_of_the_mesh(gno: Gno, files: Path, tmp_path: Path) -> None:
    def u(*words: str) -> np.ndarray:
        assert gno("solve", "darcy", files / "full.vtu", "-o", tmp_path / "s.vtu", *words).code == 0
        return load(tmp_path / "s.vtu").cell_data["u"]

    own = u()
    assert np.allclose(own, u("--set", "permeability=permeability"))
    assert np.allclose(u("--set", "permeability=1"), 2 * u("--set", "permeability=2"))
    assert not np.allclose(own, u("--set", "permeability=other"))


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--set", "permeabilty=1"), 2, "no coefficient 'permeabilty'"),
        (("--set", "permeability=-1"), 2, "permeability"),
        (("--set", "permeability=k"), 3, "no field 'k'"),
        (("--set", "source=1,0"), 2, "--set source"),
        (("--bc", "inlet=dirichlet"), 2, "inlet"),
        (("--bc", "left=wall"), 2, "--bc"),
        (("--bc", "*=neumann"), 5, ""),
        (("--set", "viscosity=1"), 2, "no coefficient 'viscosity'"),
    ],
)
def test_solve_darcy_refuses(
    gno: Gno, files: Path, tmp_path: Path, words: tuple[str, ...], code: int, what: str
) -> None:
    answer = gno("solve", "darcy", files / "bare.su2", "-o", tmp_path / "s.vtu", *words)
    assert answer.code == code
    assert what in answer.error[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["point", "cell"])
@pytest.mark.parametrize("value", [-1.0, 0.0, np.nan])
def test_a_permeability_that_cannot_be_is_refused_by_number(
    gno: Gno, files: Path, tmp_path: Path, place: str, value: float
) -> None:
    mesh = load(files / "full.vtu")
    a = np.ones(mesh.num_points if place == "point" else mesh.num_cells)
    a[7] = value
    mesh = mesh.with_data({"permeability": a}, {}) if place == "point" else mesh.with_data({}, {"permeability": a})
    save(mesh, tmp_path / "bad.vtu")
    answer = gno("solve", "darcy", tmp_path / "bad.vtu", "-o", tmp_path / "s.vtu")
    assert answer.code == 3
    assert f"permeability is {value:g} at {'node' if place == 'point' else 'cell'} 7" in answer.error[0]
    assert [p.name for p in tmp_path.iterdir()] == ["bad.vtu"]


def test_predict_takes_its_inputs_from_three_places(gno: Gno, files: Path, tmp_path: Path) -> None:
    def predict(mesh: str, *words: Any) -> np.ndarray:
        answer = gno("predict", files / "m.safetensors", files / mesh, "-o", tmp_path / "p.vtu", "--quiet", *words)
        assert (answer.code, answer.err) == (0, "")
        found = load(tmp_path / "p.vtu")
        assert {"u", "distance_from_training", "permeability"} <= {*found.point_data}
        assert {"u", "residual"} <= {*found.cell_data}
        assert (tmp_path / "p.png").exists()
        return found.point_data["u"]

    own = predict("full.vtu")
    assert np.allclose(own, predict("bare.vtu", "--input", files / "full.vtu"))
    assert np.allclose(own, predict("full.vtu", "--set", "permeability=permeability"))
    assert not np.allclose(own, predict("bare.vtu", "--set", "permeability=3"))


def test_predict_warns_outside_the_training_ranges_and_strict_refuses(gno: Gno, files: Path, tmp_path: Path) -> None:
    words = (
        "predict",
        files / "m.safetensors",
        files / "bare.vtu",
        "-o",
        tmp_path / "p.vtu",
        "--set",
        "permeability=99",
    )
    refused = gno(*words, "--strict")
    assert refused.code == 3
    assert refused.error[0] == "error: permeability is 99, in training from 3 to 12"
    assert not list(tmp_path.iterdir())
    warned = gno(*words, "--json")
    assert warned.code == 0
    assert "warning: permeability is 99, in training from 3 to 12" in warned.err
    assert warned.json["warnings"]
    assert {field["field"] for field in warned.json["fields"]} == {"u", "distance_from_training", "residual"}


def test_a_calibrated_model_predicts_with_bands(gno: Gno, files: Path, tmp_path: Path) -> None:
    model, out = tmp_path / "m.safetensors", tmp_path / "p.vtu"
    words = ("predict", model, files / "full.vtu", "-o", out, "--quiet")
    shutil.copy(files / "m.safetensors", model)
    refused = gno(*words, "--band", "0.5")
    assert (refused.code, refused.error[0]) == (2, "error: no band of level 0.5")
    made = gno("calibrate", model, files / "d.h5", "--split", "train", "--quiet")
    assert made.code == 0
    assert "bands are too narrow" in made.err
    assert "calibrated on 4 samples" in made.out
    assert gno("check", model, "--json").json["bands"]["u"]["levels"] == [0.5, 0.8]
    assert "u_band" not in gno(*words).out  # 4 samples know no 90 %
    told = gno(*words, "--band", "0.8", "--json").json
    band = load(out).point_data["u_band"]
    assert told["bands"]["u"]["level"] == 0.8
    assert next(f for f in told["fields"] if f["field"] == "u_band")["max"] == pytest.approx(band.max())
    assert "80 % of the volume within u_band" in gno(*words, "--band", "0.8").out
    assert "u_band" not in gno(*words, "--band", "0.8", "--polish", "3").out
    assert "u_band" not in load(out).point_data
    assert "volume inside" in gno("evaluate", model, files / "d.h5", "-o", tmp_path / "e").out


def test_verify_says_by_how_much_a_model_changes_with_the_mesh(gno: Gno, files: Path) -> None:
    strict = gno("verify", files / "m.safetensors", files / "d.h5", "-n", "2", "--tolerance", "1e-6")
    assert strict.code == 4
    assert "m.safetensors fails" in strict.error[0]
    assert "meshed anew" in strict.out
    words = ("verify", files / "m.safetensors", files / "full.vtu", "--tolerance", "10", "--json")
    passed = gno(*words)
    assert (passed.code, passed.json["ok"], passed.json["error"]) == (0, True, None)
    changes = {change["name"]: change["change"] for change in passed.json["changes"]}
    assert changes["renumbered"] < 1e-5
    assert changes["shifted"] < 1e-5
    assert changes["finer, edges half as long"] > 1e-4
    assert gno(*words[:2], files / "bare.su2", "--set", "permeability=5", "--tolerance", "10").code == 0


def test_predict_tells_the_residual_and_polishes(gno: Gno, files: Path, tmp_path: Path) -> None:
    words = ("predict", files / "m.safetensors", files / "full.vtu", "-o", tmp_path / "p.vtu", "--json", "--quiet")
    plain = gno(*words).json
    rough = load(tmp_path / "p.vtu")
    found = misfit(Darcy(), rough)
    assert plain["relative_residual"] == pytest.approx(found.relative, rel=1e-9)
    assert np.allclose(rough.cell_data["residual"], found.cells[:, 0])
    better = gno(*words, "--polish", "1e-9").json
    assert better["relative_residual"] == plain["relative_residual"]
    numbers = better["polish"]
    assert numbers["residual_before"] == pytest.approx(found.relative, rel=1e-6)
    assert numbers["residual_after"] <= 1e-9
    assert numbers["converged"]
    assert numbers["saved"] == numbers["iterations_from_start"] - numbers["iterations"]
    solved, exact = load(tmp_path / "p.vtu"), Darcy().solve(load(files / "full.vtu"))
    assert np.allclose(solved.point_data["u"], exact.point_data["u"], rtol=0, atol=1e-9)
    assert abs(solved.cell_data["residual"]).max() < 1e-6
    three = gno(*words[:-2], "--polish", "3")
    assert "polished by 3 iterations" in three.out
    assert "relative residual of the prediction" in three.out
    for amount, why in (("2.5", "a number of steps"), ("-1", "a number of steps"), ("much", "--polish")):
        refused = gno(*words, "--polish", amount)
        assert refused.code == 2
        assert why in refused.err


def test_predict_polishes_a_flow_of_a_gas(gno: Gno, tmp_path: Path) -> None:
    family = AirfoilFlow(around=16, outward=6, alpha_max=1.0)
    with DatasetWriter(tmp_path / "d.h5", family.fields, attributes=family.attributes()) as writer:
        for draw in map(family.sample, range(2)):
            writer.append(draw.mesh, draw.params, split="train")
    torch.manual_seed(0)
    with MeshDataset(tmp_path / "d.h5") as dataset:
        model = Operator.from_dataset(dataset, "gcn", width=4, depth=2, params=["mach", "alpha"])
    model.save(tmp_path / "m.safetensors")
    save(draw.mesh.with_data({}), tmp_path / "m.su2")
    words = ("predict", tmp_path / "m.safetensors", tmp_path / "m.su2", "-o", tmp_path / "p.vtu", "--set", "mach=0.3")
    numbers = gno(*words, "--set", "alpha=0.5", "--polish", "1e-6", "--json", "--quiet").json["polish"]
    assert numbers["converged"]
    exact, found = family.solve(draw.mesh, mach=0.3, alpha=0.5), load(tmp_path / "p.vtu")
    assert np.abs(found.point_data["pressure"] - exact.pressure.numpy()).max() < 1e-4


@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_a_mesh_in_other_units_is_noticed(gno: Gno, files: Path, tmp_path: Path, factor: float) -> None:
    mesh = load(files / "full.vtu")
    save(replace(mesh, points=factor * mesh.points), tmp_path / "m.vtu")
    words = ("predict", files / "m.safetensors", tmp_path / "m.vtu", "-o", tmp_path / "p.vtu")
    deep = f"nodes lie up to {factor * 0.4:.3g}"[:17]
    assert f"warning: {deep}" in gno(*words).err
    refused = gno(*words, "--strict")
    assert refused.code == 3
    assert refused.error[0].endswith("is the mesh in the same units?")


def test_evaluate_compares(gno: Gno, files: Path, tmp_path: Path) -> None:
    answer = gno("evaluate", files / "m.safetensors", files / "d.h5", "-o", tmp_path / "ev", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    assert all(name in answer.out for name in ("model", "mean coefficients", "plain solver"))
    names = {p.name for p in (tmp_path / "ev").iterdir()}
    assert {"metrics.json", "per_sample.csv", "report.html", "best_u.png", "median_u.png", "worst_u.png"} <= names
    page = (tmp_path / "ev" / "report.html").read_text()
    assert page.count("<img") == 4
    empty = gno("evaluate", files / "m.safetensors", files / "d.h5", "-o", tmp_path / "no", "--split", "valid")
    assert empty.code == 2
    assert not (tmp_path / "no").exists()


def test_evaluate_counts_samples_outside_the_training_and_strict_refuses(gno: Gno, files: Path, tmp_path: Path) -> None:
    path, other = tmp_path / "x.h5", ("--set", "part=test", "--set", "nodes=60", "--set", "coefficient=log-normal")
    assert gno("generate", "darcy", "-o", path, "-n", 2, *other, "--quiet").code == 0
    words = ("evaluate", files / "m.safetensors", path, "-o", tmp_path / "ev")
    refused = gno(*words, "--strict")
    assert refused.code == 3
    assert "2 of 2 samples lie outside the training ranges" in refused.error[0]
    assert not (tmp_path / "ev").exists()
    warned = gno(*words, "--json")
    assert (warned.code, warned.json["outside"]) == (0, 2)
    assert "2 of 2 samples lie outside the training ranges" in warned.err


def test_train_writes_a_model_that_predicts(gno: Gno, files: Path, tmp_path: Path) -> None:
    recipe, run = tmp_path / "r.toml", tmp_path / "run"
    recipe.write_text('[model]\nname = "gkn"\n[model.options]\nwidth = 4\ndepth = 1\n')
    words = ("train", recipe, "--data", files / "d.h5", "-o", run, "--device", "cpu")
    answer = gno(*words, "--set", "optimization.epochs=2", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["epochs"] == 2
    names = {p.name for p in run.iterdir()}
    assert {"model.safetensors", "metrics.csv", "curves.png", "report.html", "recipe.toml"} <= names
    again = gno(*words)
    assert again.code == 2, "a folder with a run is not begun over"
    assert gno("predict", run / "model.safetensors", files / "full.vtu", "-o", tmp_path / "p.vtu").code == 0


def test_info_names_versions_and_backends(gno: Gno) -> None:
    facts = gno("info", "--json").json
    assert {"gno", "package", "device", "backend", "threads"} <= facts.keys()
    assert facts["backend"]["torch-scatter"]
    assert "torch-scatter" in gno("info").out
