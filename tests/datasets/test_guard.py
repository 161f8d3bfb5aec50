"""A file that is broken, foreign or hostile: refused with what, why and a way out, never read wrongly."""

import random
import re
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from gno.datasets import MeshDataset, check
from gno.datasets.archive import reseal
from gno.datasets.guard import refusing
from gno.errors import DataError, GnoError, ResourceError

ARRAYS = {f"VTKHDF/{name}": "sample" for name in ("PointData/a", "PointData/u", "CellData/k")}
ARRAYS |= {f"VTKHDF/{name}": "mesh" for name in ("PointData/depth", "Points", "Connectivity", "Types")}
ARRAYS |= {"gno/boundary/facets": "mesh"}
"""Where values stand, and whose they are."""


def refused(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        MeshDataset(path)
    error = caught.value
    assert error.what
    assert error.exit_code == 3
    assert "\n" not in str(error)
    return error


def changed(file: Path, change: Callable[[h5py.File], None]) -> Path:
    """The file after a change, with a seal that fits: only the checks of the structure can find it."""
    with h5py.File(file, "r+") as raw:
        change(raw)
        reseal(raw)
    return file


def replace(name: str, values: np.ndarray) -> Callable[[h5py.File], None]:
    def change(raw: h5py.File) -> None:
        del raw[name]
        raw[name] = values

    return change


def edit(name: str, row: int, value: int) -> Callable[[h5py.File], None]:
    def change(raw: h5py.File) -> None:
        raw[name][row] = value

    return change


def integers(raw: h5py.File) -> None:
    replace("VTKHDF/PointData/a", raw["VTKHDF/PointData/a"][...].astype(int))(raw)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes; it is empty or cut short"),
        (b"\x89HDF", "4 bytes"),
        (b"hello, this is a text\n", "not HDF5; it begins with"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "Git LFS pointer.*git lfs pull"),
        (b"gno-part1\n", "unfinished dataset.*resume"),
        (bytes(4096), "not HDF5"),
    ],
)
def test_what_is_not_hdf5_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a b ü.vtkhdf"
    path.write_bytes(content)
    assert re.search(says, str(refused(path)))


def test_a_missing_file_offers_the_nearest_name(file: Path) -> None:
    assert "did you mean 'seven.vtkhdf'" in str(refused(file.with_name("sevn.vtkhdf")))
    file.with_name("eight.part").write_bytes(b"")
    assert "resume" in str(refused(file.with_name("eight")))
    assert "not a file" in str(refused(file.parent))
    assert "no such file" in str(refused(file / "below"))


def test_a_file_cut_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    rng = random.Random(0)
    for end in [9, 50, len(whole) - 1, *(rng.randrange(1, len(whole)) for _ in range(20))]:
        file.write_bytes(whole[:end])
        error = refused(file)
        assert "cut short" in str(error) or "damaged" in str(error), error
        if end > 100:
            assert f"it has {end} of {len(whole)} bytes" in str(error)


def snapshot(path: Path) -> list[object]:
    with MeshDataset(path) as dataset:
        found: list[object] = [dataset.fields, dict(dataset.attributes)]
        found += [(k, v.tolist()) for k, v in dataset.splits.items()]
        found += [(k, s.mean.tolist(), s.std.tolist(), s.count) for k, s in dataset.statistics.items()]
        for sample in dataset:
            mesh, data = sample.mesh, sample.mesh.point_data | sample.mesh.cell_data
            found += [sample.params, mesh.points.tolist(), [(k, v.tolist()) for k, v in mesh.cells.items()]]
            found += [(k, v.tolist()) for k, v in (mesh.boundary | data).items()]
        return found


def test_a_flipped_byte_is_refused_or_changes_nothing(file: Path) -> None:
    whole, wanted, rng, found = file.read_bytes(), snapshot(file), random.Random(1), 0
    for _ in range(40):
        place = rng.randrange(len(whole))
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :])
        try:
            assert snapshot(file) == wanted
        except DataError:
            found += 1
    assert found > 10


def flip(file: Path, array: str) -> None:
    """One bit of the first number of an array that is not compressed."""
    with h5py.File(file) as raw:
        place = raw[array].id.get_offset()
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("file", [False], indirect=True, ids=["plain"])
@pytest.mark.parametrize("array", ARRAYS)
def test_a_flipped_bit_names_the_array(array: str, file: Path) -> None:
    flip(file, array)
    named = f"{ARRAYS[array]} 0 of {file} is damaged"
    with MeshDataset(file) as dataset, pytest.raises(DataError) as refusal:
        dataset[0]
    assert (refusal.value.what, refusal.value.why) == (named, f"checksum of /{array} differs")
    assert str(refusal.value) in check(file).problems


@pytest.mark.parametrize("file", [False], indirect=True, ids=["plain"])
def test_files_without_marks_are_read_and_their_damage_is_found(file: Path) -> None:
    wanted = snapshot(file)
    with h5py.File(file, "r+") as raw:
        del raw["gno/marks"]
        reseal(raw)
    assert snapshot(file) == wanted
    flip(file, "VTKHDF/PointData/u")
    with MeshDataset(file) as dataset, pytest.raises(DataError, match=r"sample 0 of .* its values differ"):
        dataset[0]


def test_a_flipped_bit_of_a_table_is_named(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        raw["gno/params/angle"][2] += 1e-9
    assert "gno/params/angle differs from its checksum" in str(refused(file))


def test_a_seal_that_is_not_there(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        del raw["gno"].attrs["complete"]
    assert "unfinished" in str(refused(file))


def test_other_layouts_are_told_what_they_hold(tmp_path: Path, file: Path) -> None:
    with h5py.File(tmp_path / "a", "w") as raw:
        raw["tensor"], raw["nu"] = np.ones(3), np.ones(3)
    assert "another layout and holds: nu, tensor" in str(refused(tmp_path / "a"))
    with h5py.File(tmp_path / "b", "w") as raw:
        raw["VTKHDF/Points"] = np.ones((3, 3))
    assert "a VTKHDF file" in str(refused(tmp_path / "b"))
    with h5py.File(file, "r+") as raw:
        raw["gno"].attrs["schema"] = "gno-7"
    assert "layout 'gno-7'; this gno reads 'gno-1'" in str(refused(file))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: raw["VTKHDF/PointData"].move("u", "U"), "'u' is not in /VTKHDF/PointData; have: U, .*mean 'U'"),
        (replace("VTKHDF/PointData/u", np.ones((9, 2))), r"u has shape \(9, 2\); it must be"),
        (integers, "field 'a' is not of floats"),
        (replace("VTKHDF/PointData/u", np.ones(9, dtype=complex)), "type complex128"),
        (replace("VTKHDF/PointData/u", np.array([b"x"])), "type"),
        (edit("VTKHDF/Steps/PartOffsets", 3, 77), r"PartOffsets\[3\] = 77; there are 4"),
        (edit("VTKHDF/Steps/PartOffsets", 3, -1), r"PartOffsets\[3\] = -1"),
        (edit("VTKHDF/Steps/PointOffsets", 2, 10**9), r"PointOffsets\[2\] = 1000000000"),
        (edit("VTKHDF/Steps/PointDataOffsets/u", 4, 3), r"PointDataOffsets/u\[4\] = 3; it must be"),
        (edit("VTKHDF/NumberOfPoints", 1, -5), "NumberOfPoints sums to"),
        (edit("VTKHDF/NumberOfCells", 1, 2**62), "NumberOfCells sums to"),
        (edit("gno/boundary/facet_ptr", 1, 10**6), r"facet_ptr\[2\] = "),
        (edit("gno/boundary/patch_ptr", 0, 1), r"patch_ptr\[0\] = 1; it must rise from 0"),
        (edit("gno/boundary/tag", 0, 9), r"tag\[0\] = 9; there are 2"),
        (edit("gno/splits/train", 0, 99), "names sample 99"),
        (edit("gno/splits/test", 0, 0), "sample 0 again"),
        (replace("gno/params/mach", np.ones(3)), r"mach has shape \(3,\); it must be \(7,\)"),
        (replace("gno/stats/u/mean", np.ones(3)), "mean has shape"),
        (lambda raw: raw["gno"].attrs.__setitem__("num_samples", 0), "has 0 samples"),
        (lambda raw: raw.__delitem__("gno/splits"), "'splits' is not in /gno"),
        (replace("gno/fields", np.frombuffer(b'[{"name": "u", "role": "tbrget"}]', np.uint8)), "role 'tbrget'"),
        (replace("gno/fields", np.frombuffer(b"[{", np.uint8)), "damaged"),
    ],
)
@pytest.mark.parametrize("file", [False], indirect=True, ids=["plain"])
def test_tables_that_contradict_each_other_are_refused(file: Path, change: Callable, says: str) -> None:
    assert re.search(says, str(refused(changed(file, change))))


def external_link(raw: h5py.File, other: Path) -> None:
    raw["gno/extra"] = h5py.ExternalLink(str(other), "/x")


def soft_link(raw: h5py.File, other: Path) -> None:
    raw["gno/extra"] = h5py.SoftLink("/VTKHDF/Points")


def external_storage(raw: h5py.File, other: Path) -> None:
    raw.create_dataset("gno/extra", (4,), "u1", external=[(str(other), 0, 4)])


def virtual(raw: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource(str(other), "x", (4,))
    raw.create_virtual_dataset("gno/extra", layout)


def plugin(raw: h5py.File, other: Path) -> None:
    raw.create_dataset("gno/extra", data=np.ones(9), compression="lzf")


def twice(raw: h5py.File, other: Path) -> None:
    raw["gno/loop"] = raw["gno"]


def deep(raw: h5py.File, other: Path) -> None:
    raw.create_group("gno/" + "/".join("abcdefghijk"))


def named_type(raw: h5py.File, other: Path) -> None:
    raw["gno/extra"] = np.dtype("f8")


@pytest.mark.parametrize(
    ("craft", "says"),
    [
        (external_link, "link to another file"),
        (soft_link, "is a link"),
        (external_storage, "values in another file"),
        (virtual, "virtual"),
        (plugin, "filter 32000"),
        (twice, "stands twice"),
        (deep, "deeper"),
        (named_type, "Datatype"),
    ],
)
def test_a_file_that_reaches_out_of_itself_is_refused(file: Path, tmp_path: Path, craft: Callable, says: str) -> None:
    other = tmp_path / "secret"
    with h5py.File(other, "w") as raw:
        raw["x"] = np.arange(4, dtype="u1")
    with h5py.File(file, "r+") as raw:
        craft(raw, other)
    assert says in str(refused(file))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("VTKHDF/PointData/u", 5 * 10**12),
        ("gno/extra", 5 * 10**12),
        ("VTKHDF/NumberOfPoints", 10**8),  # read whole, so the bound is lower
    ],
)
def test_a_shape_far_beyond_what_is_stored_is_refused(file: Path, name: str, size: int) -> None:
    with h5py.File(file, "r+") as raw:
        if name in raw:
            del raw[name]
        raw.create_dataset(name, (size,), "f8", chunks=(1024,))
    with pytest.raises(ResourceError, match=r"claims [\d.]+ GiB") as caught:
        MeshDataset(file)
    assert caught.value.exit_code == 6


def test_samples_that_are_not_stored_take_no_memory(file: Path) -> None:
    changed(file, lambda raw: raw["gno"].attrs.__setitem__("num_samples", 10**8))
    tracemalloc.start()
    try:
        assert "it must be (100000000, 32)" in refused(file).why
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


def test_a_bomb_of_zeros_is_refused(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        item = raw.create_dataset("gno/extra", (80 << 20,), "u1", chunks=(8 << 20,), compression=9)
        item[...] = 0
    with pytest.raises(ResourceError, match="extra claims"):
        MeshDataset(file)


def test_big_endian_arrays_are_read_right(file: Path) -> None:
    wanted = snapshot(file)

    def swap(raw: h5py.File) -> None:
        bulk = ("VTKHDF/Points", "VTKHDF/PointData/u", "VTKHDF/Connectivity")
        for name in (*bulk, "gno/params/angle", "gno/splits/test"):
            values = raw[name][...]
            del raw[name]
            raw.create_dataset(name, data=values, dtype=values.dtype.newbyteorder(">"))

    assert snapshot(changed(file, swap)) == wanted


def test_random_bytes_after_the_signature_never_raise_anything_raw(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(60):
        path = tmp_path / "junk"
        path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes([i % 4]) + rng.bytes(300))
        with pytest.raises(GnoError):
            MeshDataset(path)


def test_a_file_that_vanishes_is_missed(file: Path) -> None:
    with MeshDataset(file) as dataset:
        dataset.close()
        shutil.move(file, file.with_name("elsewhere"))
        with pytest.raises(DataError, match="no such file"):
            dataset[0]


def test_a_chunk_that_unpacks_to_far_more_than_is_read_of_it_is_refused(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        item = raw.create_dataset("gno/extra", (10,), "u1", maxshape=(None,), chunks=(80 << 20,), compression=9)
        item[...] = 1
    with pytest.raises(ResourceError, match="a chunk of /gno/extra claims"):
        MeshDataset(file)


def test_what_is_packed_twice_is_refused(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((64,))
        plan.set_deflate(9)
        plan.set_deflate(9)
        h5py.h5d.create(raw["gno"].id, b"extra", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((64,)), plan)
    assert "packed more than once" in refused(file).what


def test_what_does_not_fit_into_memory_is_no_damage(file: Path) -> None:
    with pytest.raises(ResourceError, match="out of memory in reading") as caught, refusing(file):
        raise MemoryError("900 GiB")
    assert caught.value.exit_code == 6
