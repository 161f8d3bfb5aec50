"""Files that cannot be used: each ends with its exit code, three lines, and nothing left behind."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Gno = Callable[..., Any]
JUNK = np.random.default_rng(0).bytes(3000)
SUFFIXES = (".su2", ".msh", ".vtu", ".vtk", ".xdmf")


def refused(answer: Any, code: int, *words: str) -> None:
    """Check that a command ended with a code and three lines, the first of which has these words."""
    assert answer.code == code, answer.err
    what, why, fix = answer.error
    assert what.startswith("error: ")
    assert why.startswith("  why: ")
    assert fix.startswith("  fix: ")
    assert min(map(len, (what, why, fix))) > 8
    assert "Traceback" not in answer.err
    assert all(word in what for word in words), what


def meshes_of(folder: Path, suffix: str, whole: bytes) -> dict[str, Path]:
    contents = {"empty": b"", "binary": JUNK, "text": b"hello\n", "cut": whole[: len(whole) // 2]}
    paths = {"missing": folder / f"missing{suffix}"}
    for name, content in contents.items():
        paths[name] = folder / f"{name}{suffix}"
        paths[name].write_bytes(content)
    return paths


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_broken_meshes(gno: Gno, files: Path, tmp_path: Path, suffix: str) -> None:
    source = files / f"bare{suffix}"
    whole = source.read_bytes() if source.exists() else (files / "bare.su2").read_bytes()
    for path in meshes_of(tmp_path, suffix, whole).values():
        before = sorted(tmp_path.iterdir())
        refused(gno("check", path), 3, path.name)
        refused(gno("solve", "darcy", path, "-o", tmp_path / "out.vtu"), 3, path.name)
        assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("kind", ["missing", "empty", "binary", "text", "cut", "pickle"])
@pytest.mark.parametrize("command", ["check", "predict", "evaluate"])
def test_broken_models(gno: Gno, files: Path, tmp_path: Path, kind: str, command: str) -> None:
    path = tmp_path / "m.safetensors"
    whole = (files / "m.safetensors").read_bytes()
    contents = {"empty": b"", "binary": JUNK, "text": b"hello\n", "cut": whole[: len(whole) // 2]}
    contents["pickle"] = pickle.dumps({"weights": [1.0]})
    if kind != "missing":
        path.write_bytes(contents[kind])
    before = sorted(tmp_path.iterdir())
    rest = {
        "check": (),
        "predict": (files / "full.vtu", "-o", tmp_path / "p.vtu"),
        "evaluate": (files / "d.h5", "-o", tmp_path / "ev"),
    }[command]
    refused(gno(command, path, *rest), 4, path.name)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("kind", ["missing", "empty", "binary", "text", "cut"])
@pytest.mark.parametrize("command", ["check", "evaluate", "train"])
def test_broken_datasets(gno: Gno, files: Path, tmp_path: Path, kind: str, command: str) -> None:
    path, recipe = tmp_path / "d.h5", tmp_path / "r.toml"
    whole = (files / "d.h5").read_bytes()
    contents = {"empty": b"", "binary": JUNK, "text": b"hello\n", "cut": whole[: len(whole) // 2]}
    recipe.write_text('[model]\nname = "gkn"\n')
    if kind != "missing":
        path.write_bytes(contents[kind])
    before = sorted(tmp_path.iterdir())
    words = {
        "check": ("check", path),
        "evaluate": ("evaluate", files / "m.safetensors", path, "-o", tmp_path / "ev"),
        "train": ("train", recipe, "--data", path, "-o", tmp_path / "run"),
    }[command]
    refused(gno(*words), 3, path.name)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[model]\nname = "gkn"\n[optimization]\nepoch = 3\n', "epoch"),
        ('[model]\nname = "gkm"\n', "gkm"),
        ('[model]\nname = "gkn"\n[optimization]\nepochs = "three"\n', "epochs"),
        ("[model\n", "r.toml"),
        ("\x00", "r.toml"),
        ("", ""),
    ],
)
def test_broken_recipes(gno: Gno, files: Path, tmp_path: Path, text: str, what: str) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text(text)
    refused(gno("train", recipe, "--data", files / "d.h5", "-o", tmp_path / "run"), 2, what)
    assert [p.name for p in tmp_path.iterdir()] == ["r.toml"]


def test_a_missing_recipe_and_a_malformed_override(gno: Gno, files: Path, tmp_path: Path) -> None:
    words = ("--data", files / "d.h5", "-o", tmp_path / "run")
    refused(gno("train", tmp_path / "no.toml", *words), 2, "no.toml")
    (tmp_path / "r.toml").write_text('[model]\nname = "gkn"\n')
    refused(gno("train", tmp_path / "r.toml", *words, "--set", "epochs"), 2, "epochs")
    assert not (tmp_path / "run").exists()


def test_a_mesh_without_the_fields_that_the_model_needs(gno: Gno, files: Path, tmp_path: Path) -> None:
    words = ("predict", files / "m.safetensors", files / "bare.vtu", "-o", tmp_path / "p.vtu")
    answer = gno(*words)
    refused(answer, 3, "permeability")
    assert "--set permeability=NUMBER" in answer.error[2]
    refused(gno(*words, "--set", "viscosity=1"), 2, "viscosity")
    refused(gno(*words, "--set", "permeability=1,2"), 2, "permeability")
    refused(gno(*words, "--set", "permeability=nosuch"), 3, "nosuch")
    refused(gno(*words, "--input", files / "nosuch.vtu"), 3, "nosuch.vtu")
    assert not list(tmp_path.iterdir())


def test_a_field_of_nearly_the_name_is_offered(gno: Gno, files: Path, tmp_path: Path) -> None:
    from gno.mesh import load, save

    mesh = load(files / "bare.vtu")
    save(mesh.with_data({"Permeability": np.ones(mesh.num_points)}), tmp_path / "m.vtu")
    answer = gno("predict", files / "m.safetensors", tmp_path / "m.vtu", "-o", tmp_path / "p.vtu")
    refused(answer, 3, "permeability")
    assert "--set permeability=Permeability" in answer.error[2]


def test_fields_of_another_mesh(gno: Gno, files: Path, tmp_path: Path) -> None:
    from gno.mesh import save, shapes

    other = shapes.square(0.3)
    save(other.with_data({"permeability": np.ones(other.num_points)}), tmp_path / "other.vtu")
    words = ("predict", files / "m.safetensors", files / "bare.vtu", "-o", tmp_path / "p.vtu")
    refused(gno(*words, "--input", tmp_path / "other.vtu"), 3, "other.vtu")
    assert [p.name for p in tmp_path.iterdir()] == ["other.vtu"]


def test_results_that_cannot_be_written(gno: Gno, files: Path, tmp_path: Path) -> None:
    words = ("solve", "darcy", files / "bare.su2")
    refused(gno(*words, "-o", tmp_path / "out.stl"), 2, "out.stl")
    refused(gno(*words, "-o", tmp_path / "no" / "out.vtu"), 6, "no")
    refused(gno(*words, "-o", tmp_path), 2)
    refused(gno(*words, "-o", ""), 2)
    refused(gno("solve", "darcy", files / "full.vtu", "-o", files / "full.vtu"), 2, "full.vtu")
    (tmp_path / "file").touch()
    refused(gno("evaluate", files / "m.safetensors", files / "d.h5", "-o", tmp_path / "file"), 6, "file")


def test_a_device_that_is_not_there(gno: Gno, files: Path, tmp_path: Path) -> None:
    words = ("predict", files / "m.safetensors", files / "full.vtu", "-o", tmp_path / "p.vtu", "--device")
    for device in ("cuda:77", "meta", "mps", "tpu", ""):
        refused(gno(*words, device), 2, repr(device))
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_in_the_middle_leaves_nothing(
    gno: Gno, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gno.cli.prediction.fields_picture", full)
    refused(gno("solve", "darcy", files / "bare.su2", "-o", tmp_path / "out.vtu"), 6)
    assert not list(tmp_path.iterdir())
