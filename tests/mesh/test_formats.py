from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gno.errors import MeshError, ResourceError
from gno.mesh import Mesh, load, save
from gno.mesh.formats import FORMATS
from tests.mesh.named import MESHES, assert_same, named, plate, snapshot

WRITTEN = [suffix for suffix, form in FORMATS.items() if form.write]


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("name", MESHES)
def test_round_trip_keeps_all_that_the_format_holds(name: str, suffix: str, tmp_path: Path) -> None:
    mesh = MESHES[name]
    before, path = snapshot(mesh), tmp_path / f"mesh{suffix}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SU2 meshes hold no fields")
        save(mesh, path)
    assert_same(before, mesh)
    assert_same(load(path), mesh, fields=suffix != ".su2")
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", WRITTEN)
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-9, 1.0, 1e9]))
@settings(max_examples=5, deadline=None)
def test_coordinates_survive_to_the_last_bit(
    suffix: str, seed: int, scale: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mesh = plate()
    points = scale * (mesh.points + 0.01 * np.random.default_rng(seed).standard_normal(mesh.points.shape))
    path = tmp_path_factory.mktemp("formats") / f"mesh{suffix}"
    save(Mesh(points, mesh.cells), path)
    np.testing.assert_array_equal(load(path).points, points)


def test_fields_of_any_kind_come_back_as_numbers(tmp_path: Path) -> None:
    mesh = plate()
    columns = np.arange(5.0 * mesh.num_points).reshape(-1, 5)
    save(mesh.with_data({"five": columns, "half": columns.astype(np.float32)[:, 0]}), tmp_path / "m.vtu")
    read = load(tmp_path / "m.vtu").point_data
    np.testing.assert_array_equal(read["five"], columns)
    assert read["half"].dtype == np.float64


def test_a_space_vector_on_a_flat_mesh_keeps_its_third_component(tmp_path: Path) -> None:
    mesh = plate()
    spin = np.ones((mesh.num_points, 3))
    save(mesh.with_data({"spin": spin}), tmp_path / "m.vtu")
    np.testing.assert_array_equal(load(tmp_path / "m.vtu").point_data["spin"], spin)


def test_su2_says_that_it_leaves_fields_out(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="SU2 meshes hold no fields; left out: u, velocity, a & <b>, gradient"):
        save(named(plate()), tmp_path / "m.su2")


@pytest.mark.parametrize("suffix", [*FORMATS, ".VTU"])
def test_missing_empty_pointer_and_binary_files_are_refused(
    suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"mesh{suffix}"
    with pytest.raises(MeshError, match="no such file"):
        load(path)
    contents = {
        "is empty": b"",
        "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        str(path): bytes(range(256)) * 8,
    }
    for text, content in contents.items():
        path.write_bytes(content)
        with pytest.raises(MeshError) as caught:
            load(path)
        assert text in str(caught.value)
        assert caught.value.why
        assert caught.value.fix
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_unknown_suffixes_name_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match=r"'\.stl' is unknown; meshes are read from \.su2, \.msh, \.vtu, \.vtk, \.xdmf"):
        load(tmp_path / "wing.stl")
    with pytest.raises(MeshError, match=r"'\.vtk' is not written; meshes are written to \.su2, \.msh, \.vtu"):
        save(plate(), tmp_path / "wing.vtk")
    (tmp_path / "folder.vtu").mkdir()
    with pytest.raises(MeshError, match="without an OpenFOAM mesh"):
        load(tmp_path / "folder.vtu")


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.vtu"
    save(plate(), path)
    old = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ResourceError, match="cannot be written; Input/output error"):
        save(named(plate()), path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["m.vtu"]
    with pytest.raises(ResourceError, match="there is no folder"):
        save(plate(), tmp_path / "nowhere" / "m.vtu")


BAD_NAMES: dict[str, str] = {".su2": "wall % side", ".msh": 'the "wall"', ".vtu": "wall\x01"}


@pytest.mark.parametrize("suffix", WRITTEN)
def test_names_that_a_format_cannot_hold_are_refused(suffix: str, tmp_path: Path) -> None:
    mesh = plate()
    with pytest.raises(MeshError, match="cannot stand in"):
        save(Mesh(mesh.points, mesh.cells, {BAD_NAMES[suffix]: np.array([[0, 1]])}), tmp_path / f"m{suffix}")
    assert os.listdir(tmp_path) == []


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str], bytes]:
    """The bytes of a small named mesh in each format; read-only formats are written by meshio."""

    def content(suffix: str) -> bytes:
        path = tmp_path / f"whole{suffix}"
        if FORMATS[suffix].write:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                save(named(plate()), path)
        else:
            _with_meshio(path)
        return path.read_bytes()

    return content


def _with_meshio(path: Path) -> None:
    import meshio

    mesh = plate()
    options = {"data_format": "XML"} if path.suffix == ".xdmf" else {}
    data = {"u": np.arange(float(mesh.num_points))}
    points = np.pad(mesh.points, ((0, 0), (0, 1)))
    meshio.Mesh(points, list(mesh.cells.items()), point_data=data).write(path, **options)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_meshio_writes_is_read(suffix: str, files: Callable[[str], bytes], tmp_path: Path) -> None:
    content = files(suffix)
    assert content
    mesh = load(tmp_path / f"whole{suffix}")
    assert mesh.dim == 2
    np.testing.assert_allclose(mesh.points, plate().points, rtol=1e-15)
    if suffix in (".vtk", ".xdmf"):
        np.testing.assert_array_equal(mesh.point_data["u"], np.arange(9.0))


@pytest.mark.parametrize("suffix", FORMATS)
def test_damage_gives_a_mesh_error_or_a_mesh_and_nothing_else(
    suffix: str, files: Callable[[str], bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = files(suffix)
    capfd.readouterr()
    rng, path = np.random.default_rng(0), tmp_path / f"broken{suffix}"
    damaged = [whole[:n] for n in range(0, len(whole), max(10, 10 * (len(whole) // 3000)))]
    for _ in range(150):
        content = bytearray(whole)
        for at in rng.integers(0, len(content), rng.integers(1, 4)):
            content[at] ^= 1 << int(rng.integers(0, 8))
        damaged.append(bytes(content))
    messages = []
    for content in damaged:
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".* (inverted|left out)")
            try:
                assert isinstance(load(path), Mesh)
            except MeshError as error:
                messages.append(str(error))
    assert len(messages) > len(damaged) // 3
    assert not any("\n" in message for message in messages)
    assert capfd.readouterr() == ("", "")
