"""Files that are broken, foreign or hostile: refused in plain words, whatever holds them."""

from __future__ import annotations

import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from gno.datasets import open_layout
from gno.datasets.sources.crc32c import FEWEST, LANE, crc32c
from gno.datasets.sources.source import BLOCK_BYTES, Source
from gno.datasets.sources.tfrecord import features
from gno.errors import DataError, GnoError, MeshError, ResourceError
from tests.datasets.layouts.records import plain_crc32c

File = Callable[[str], Path]


def refused(path: Path) -> GnoError:
    """The error of a file, when it is opened or when its samples are read."""
    with pytest.raises(GnoError) as caught, open_layout(path) as dataset:
        list(dataset)
    assert caught.value.exit_code in (3, 6)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "name", ["fno_v5", "fno_v73", "neuraloperator", "pdebench_1d", "the_well", "meshgraphnets", "geo_fno"]
)
def test_a_file_cut_anywhere_or_of_other_bytes_is_refused(foreign: File, name: str) -> None:
    path = foreign(name)
    whole, rng = path.read_bytes(), random.Random(0)
    for end in (0, 1, 100, len(whole) // 3, len(whole) // 2 + 3, len(whole) - 9):
        path.write_bytes(whole[:end])
        if name != "meshgraphnets" or end:  # a file of no records is a file of TFRecord
            refused(path)
    for _ in range(4):
        path.write_bytes(rng.randbytes(len(whole)))
        refused(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n")
    refused(path)


@pytest.mark.parametrize("name", ["fno_v5", "neuraloperator", "pdebench_groups", "meshgraphnets", "geo_fno"])
def test_changed_bytes_raise_nothing_but_our_errors(foreign: File, name: str) -> None:
    path = foreign(name)
    whole, rng = path.read_bytes(), random.Random(1)
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 4, 40))):
            data[rng.randrange(min(len(data), rng.choice((200, len(data)))))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            with open_layout(path) as dataset:
                list(dataset)
        except GnoError:
            continue


def test_a_file_that_refers_to_others_is_refused(foreign: File, tmp_path: Path) -> None:
    path = foreign("pdebench_1d")
    with h5py.File(path, "r+") as file:
        del file["tensor"]
        file["tensor"] = h5py.ExternalLink("/etc/passwd", "/")
    assert "is a link to another file" in refused(path).what
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(240))
    with h5py.File(path, "r+") as file:
        del file["tensor"]
        file.create_dataset("tensor", (3, 4, 5), "f4", external=[(str(secret), 0, 240)])
    assert "keeps its values in another file" in refused(path).what


def test_what_claims_to_be_larger_than_it_can_be_is_refused_before_it_is_read(foreign: File, tmp_path: Path) -> None:
    path = foreign("pdebench_1d")
    with h5py.File(path, "r+") as file:
        del file["tensor"]
        file.create_dataset("tensor", (1 << 20, 1 << 20, 5), "f4", chunks=(1, 1, 5))
    assert isinstance(refused(path), ResourceError)
    bomb = tmp_path / "bomb_train.pt"
    torch.save({"x": torch.zeros(1).expand(1 << 15, 1 << 15), "y": torch.zeros(2, 2)}, bomb)
    assert isinstance(refused(bomb), ResourceError)
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 5), }".ljust(117) + b"\n"
    (tmp_path / "Pipe_X.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    refused(tmp_path / "Pipe_X.npy")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "run"),)

    torch.save({"x": Bomb()}, tmp_path / "a.pt")
    assert "only code can make: refused" in refused(tmp_path / "a.pt").what
    np.save(tmp_path / "Pipe_X.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    refused(tmp_path / "Pipe_X.npy")
    assert not (tmp_path / "run").exists()


def test_objects_that_are_no_arrays_are_passed_over_or_named(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"coeff": np.ones((1, 3, 3)), "sol": np.ones((1, 3, 3)), "note": "text"})
    with open_layout(tmp_path / "a.mat") as dataset:
        assert [s.name for s in dataset.fields] == ["coeff", "sol"]
    savemat(tmp_path / "b.mat", {"note": "text"})
    assert "no arrays of numbers" in refused(tmp_path / "b.mat").what
    savemat(tmp_path / "c.mat", {"coeff": np.ones((1, 3, 3)) * 1j, "sol": np.ones((1, 3, 3))})
    assert "complex" in refused(tmp_path / "c.mat").what
    torch.save([{"vertices": torch.ones(4, 3)}], tmp_path / "car.pt")
    assert "holds: 0/vertices (4, 3)" in refused(tmp_path / "car.pt").what
    with zipfile.ZipFile(tmp_path / "z.pt", "w") as archive:
        archive.writestr("a", "b")
    refused(tmp_path / "z.pt")


def test_numbers_of_other_widths_and_orders_are_read_right(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(18).reshape(2, 3, 3).astype(">f8")
        file["y"] = np.arange(18).reshape(2, 3, 3).astype("f2")
    with open_layout(tmp_path / "a.h5") as dataset:
        data = dataset[1].mesh.point_data
        assert (data["x"].dtype, data["y"].dtype) == (np.float64, np.float32)
        assert data["x"].tolist() == data["y"].tolist() == list(range(9, 18))


def test_rows_are_read_in_blocks() -> None:
    class Counted(Source):
        kind = "counted"
        reads = 0

        def rows(self, name: str, start: int, stop: int) -> np.ndarray:
            self.reads += 1
            return np.arange(start, stop)

    source = Counted(Path("a"), {"u": (100,), "big": (4, BLOCK_BYTES)})
    assert [int(source.row("u", i)) for i in range(100)] == list(range(100))
    assert source.reads == 1
    assert [int(source.row("big", i)) for i in (0, 1, 3)] == [0, 1, 3]
    assert source.reads == 4


@pytest.mark.parametrize("size", [0, 1, 9, LANE - 1, LANE, LANE + 1, FEWEST * LANE + 5])
def test_the_checksum_in_lanes_is_that_of_the_polynomial(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert crc32c(data) == plain_crc32c(data)


def test_a_flipped_bit_of_a_record_is_found(foreign: File) -> None:
    path = foreign("meshgraphnets")
    data = bytearray(path.read_bytes())
    data[len(data) - 1000] ^= 4
    path.write_bytes(data)
    assert "record 1 of" in refused(path).what
    data[3] ^= 1
    path.write_bytes(data)
    assert "length at byte 0 is wrong" in str(refused(path))


def test_a_record_of_other_sizes_than_the_meta_file_is_named(foreign: File) -> None:
    path = foreign("meshgraphnets")
    meta = path.with_name("meta.json")
    told = meta.read_text()
    meta.write_text(told.replace("[4, -1, 2]", "[4, 7, 2]"))
    assert "velocity has 360 numbers; meta.json says [4, 7, 2]" in str(refused(path))
    meta.write_text(told.replace("velocity", "speed"))
    assert "has no 'speed' of float32" in refused(path).what
    meta.write_text(told.replace('"dynamic"', '"dynamic_varlen"'))
    assert "changes its size in time" in refused(path).what
    meta.write_text("{}")
    refused(path)
    meta.unlink()
    assert "no meta.json beside it" in refused(path).what


def test_messages_that_break_off_are_refused() -> None:
    assert features(b"") == {}
    for bad in (b"\x0a\x05ab", b"\x0a", b"\xff" * 11, b"\x0b\x00", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"):
        with pytest.raises(ValueError, match=r"breaks off|stands in|wire type|64 bits"):
            features(bad)


def test_a_collection_must_not_refer_to_other_folders(foreign: File) -> None:
    folder = foreign("vtk_folder")
    path = folder / "case_0" / "u.pvd"
    told = path.read_text()
    path.write_text(told.replace("u_0001.vtu", "../case_1/u_0001.vtu"))
    assert "must lie in the folder" in refused(folder).why
    path.write_text(told.replace("u_0001.vtu", "/etc/passwd"))
    assert "must lie in the folder" in refused(folder).why
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]>' + told)
    assert isinstance(refused(folder), MeshError)
    path.write_text(told.replace('timestep="0.5"', 'timestep="0.0"'))
    assert "each instant has one file" in refused(folder).why
    path.write_text(told.replace("u_0001.vtu", "gone.vtu"))
    assert "no such file" in refused(folder).what


def test_a_mesh_that_changes_in_time_is_refused(foreign: File) -> None:
    folder = foreign("vtk_folder")
    (folder / "case_0" / "u_0001.vtu").write_bytes((folder / "case_1" / "u_0001.vtu").read_bytes())
    assert "mesh at time 0.5 is another" in refused(folder).what


def test_a_value_that_is_not_finite_is_named(foreign: File, tmp_path: Path) -> None:
    from gno.datasets import convert

    path = foreign("pdebench_1d")
    with h5py.File(path, "r+") as file:
        file["tensor"][1, 2, 3] = np.nan
    with pytest.raises(DataError, match=r"field 'u' at instant 2 has 2 of 10 values that are not finite"):
        convert([path], tmp_path / "out.h5")
