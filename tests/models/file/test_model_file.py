"""Model files: what comes back, and every way in which a file can be broken."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import MeshDataset
from gno.errors import ModelError, ResourceError
from gno.models import Operator
from gno.models.file.header import sealed
from tests.models.conftest import sample

LENGTH = 8  # bytes that hold the length of the header


def parts(path: Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, what gno wrote in it, and the tensors' bytes."""
    content = path.read_bytes()
    size = int.from_bytes(content[:LENGTH], "little")
    header = json.loads(content[LENGTH : LENGTH + size])
    description = json.loads(header["__metadata__"]["gno"])
    del description["seal"]
    return header, description, content[LENGTH + size :]


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], bytes | None]) -> None:
    """Change header and description, seal them again, and write the file."""
    header, description, data = parts(path)
    data = change(header, description) or data
    header["__metadata__"]["gno"] = sealed(description)
    packed = json.dumps(header).encode()
    path.write_bytes(len(packed).to_bytes(LENGTH, "little") + packed + data)


@pytest.mark.parametrize("model", ["mgkn", "gkn", "meshgraphnet"])
@pytest.mark.parametrize("boundary", ["free", "zero"])
def test_predictions_after_loading_are_equal_to_the_bit(
    dataset: MeshDataset, tmp_path: Path, model: str, boundary: str
) -> None:
    own = {"depth": 2} if model == "meshgraphnet" else {"shared": False}
    options = {"kernel": {"width": 8, "aggregation": "quadrature"}, "width": 8, **own}
    operator = Operator.from_dataset(dataset, model, boundary=boundary, **options)
    operator.save(tmp_path / "model.safetensors")
    loaded = Operator.load(tmp_path / "model.safetensors")
    one, other = (o.predict(sample(9)) for o in (operator, loaded))
    assert one.point_data.keys() == other.point_data.keys()
    for name, values in one.point_data.items():
        assert np.array_equal(values, other.point_data[name])
    for name in ("inputs", "targets", "geometry", "boundary", "attributes"):
        assert getattr(loaded, name) == getattr(operator, name)
    assert loaded.attributes["pde"] == "toy"
    assert loaded.inputs[0].spec.units == "m^2"
    assert all(p.requires_grad for p in loaded.parameters())


def test_the_same_operator_makes_the_same_file(operator: Operator, tmp_path: Path) -> None:
    for name in ("a", "b"):
        operator.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_path_that_cannot_be_written_leaves_nothing(operator: Operator, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="cannot be written"):
        operator.save(tmp_path / "none" / "model.safetensors")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ResourceError, match="cannot be written"):
        operator.save(tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a text\n", "no model file"),
        (b"a text that is longer than eight bytes", "no model file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5 file, such as a dataset"),
        (b"PK\x03\x04" + bytes(100), r"contains code: refused; it is a zip archive, as torch\.save"),
        (pickle.dumps({"weights": list(range(100))}), "contains code: refused; it is a pickle"),
        ((10).to_bytes(8, "little") + b"{not json}", "no safetensors header"),
        ((2).to_bytes(8, "little") + b"{}", "was not written by gno"),
        ((2**40).to_bytes(8, "little") + b"{}", "cut off"),
        (bytes(200), "no model file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        Operator.load(path)
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)


def test_a_file_of_torch_save_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.write_text, (tmp_path / "ran", "")

    for zipped in (True, False):
        torch.save({"x": Bomb()}, tmp_path / "model.pt", _use_new_zipfile_serialization=zipped)
        with pytest.raises(ModelError, match="contains code: refused"):
            Operator.load(tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            Operator.load(path)


@pytest.mark.parametrize("part", [4, 50, 4000, -1])
def test_a_file_cut_off_anywhere(model_file: Path, part: int) -> None:
    model_file.write_bytes(model_file.read_bytes()[:part])
    with pytest.raises(ModelError, match=r"cut off|no model file"):
        Operator.load(model_file)


def test_a_damaged_tensor_is_named(model_file: Path) -> None:
    header, _, data = parts(model_file)
    name = "project.layers.0.weight"
    place = header[name]["data_offsets"][0] + 5
    content = bytearray(model_file.read_bytes())
    content[len(content) - len(data) + place] ^= 1
    model_file.write_bytes(bytes(content))
    with pytest.raises(ModelError, match=rf"tensor {name} is damaged"):
        Operator.load(model_file)


def test_a_damaged_header_is_noticed(model_file: Path) -> None:
    content = model_file.read_bytes()
    model_file.write_bytes(content.replace(b"permeability", b"permeabilitx", 1))
    with pytest.raises(ModelError, match="header is damaged"):
        Operator.load(model_file)


def rename(old: str, new: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(header: dict[str, Any], description: dict[str, Any]) -> None:
        header[new] = header.pop(old)
        description["sha256"][new] = description["sha256"].pop(old)

    return change


def reshape(header: dict[str, Any], description: dict[str, Any]) -> None:
    header["lift.layers.0.weight"]["shape"] = header["lift.layers.0.weight"]["shape"][::-1]


def setting(*path: Any, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(header: dict[str, Any], description: dict[str, Any]) -> None:
        place = description
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (setting("format", value=99), r"format 99, made by gno .*; this is gno .*; pip install"),
        (setting("format", value="one"), "format one"),
        (setting("network", "name", value="FNO"), "model 'FNO' is unknown"),
        (setting("network", "name", value=3), "cannot be read"),
        (setting("network", "arguments", "heads", value=3), "unexpected keyword argument 'heads'"),
        (setting("network", "arguments", "width", value=10**5), "shape"),
        (setting("network", "arguments", "cycles", value=10**9), "between 1 and 64"),
        (setting("network", "arguments", "radius", value=[0.1]), "unknown"),
        (setting("network", value=None), "cannot be read"),
        (setting("inputs", 0, "normalizer", value={}), "normalizer"),
        (setting("inputs", value=[]), "fields and features make"),
        (setting("inputs", 0, "role", value="spy"), "role 'spy'"),
        (setting("geometry", "spacing", value=[-1.0, 2.0]), "lengths are positive"),
        (setting("geometry", "gravity", value=9.81), "gravity"),
        (setting("boundary", value="one"), "'one' is unknown"),
        (setting("sha256", value={}), "is damaged"),
        (rename("lift.layers.0.bias", "lift.layers.0.offset"), r"lacks 1 tensors; lift\.layers\.0\.bias"),
        (reshape, r"lift\.layers\.0\.weight has shape \(3, 8\).*needs \(8, 3\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    model_file: Path, change: Callable[[dict[str, Any], dict[str, Any]], None], message: str
) -> None:
    rewrite(model_file, change)
    with pytest.raises(ModelError, match=message) as caught:
        Operator.load(model_file)
    assert "\n" not in str(caught.value)


def test_missing_and_unknown_tensors_are_listed_up_to_five(model_file: Path) -> None:
    def fewer_cycles(header: dict[str, Any], description: dict[str, Any]) -> None:
        description["network"]["arguments"]["shared"] = False

    rewrite(model_file, fewer_cycles)
    with pytest.raises(ModelError, match=r"lacks \d+ tensors; (vcycles\.1[\w.]+, ){4}vcycles\.1[\w.]+ and \d+ more"):
        Operator.load(model_file)


def test_a_number_that_json_cannot_be_written_with_is_damage(tmp_path: Path, operator: Operator) -> None:
    path = tmp_path / "m.safetensors"
    operator.save(path)
    header, _, data = parts(path)
    header["__metadata__"]["gno"] = '{"format": 1e999, "seal": ""}'
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(LENGTH, "little") + text + data)
    with pytest.raises(ModelError, match="the header is damaged"):
        Operator.load(path)


def test_a_pipe_is_no_model_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.safetensors")
    with pytest.raises(ModelError, match="it is no plain file"):
        Operator.load(tmp_path / "m.safetensors")
