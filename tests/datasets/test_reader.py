"""What is read is what was written: in any order, in any process, and nothing else is touched."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from torch.utils.data import DataLoader

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, Sample
from gno.errors import ConfigError, DataError
from gno.mesh.mesh import Mesh


def assert_same(a: Mesh, b: Mesh) -> None:
    np.testing.assert_array_equal(a.points, b.points)
    for left, right in ((a.cells, b.cells), (a.boundary, b.boundary)):
        assert list(left) == list(right)
        for name in left:
            np.testing.assert_array_equal(left[name], right[name])
    for left, right in ((a.point_data, b.point_data), (a.cell_data, b.cell_data)):
        assert left.keys() == right.keys()
        for name in left:
            assert left[name].dtype == right[name].dtype
            np.testing.assert_array_equal(left[name], right[name])


def test_reading_returns_what_was_written(file: Path, written: Callable[..., list[Mesh]]) -> None:
    with MeshDataset(file) as dataset:
        assert len(dataset) == 7
        for i in (6, 0, 3, 3, 1, 5, 2, 4):
            assert_same(dataset[i].mesh, written()[i])
            assert dataset[i].params == {"angle": 0.5 * i, "mach": 0.1}
            assert dataset[i].index == i
        assert dataset.attributes == {"pde": "none", "seed": 3}
        assert dataset.field("u") == FieldSpec("u", role="target", units="m/s", components=2)


@pytest.mark.parametrize("compress", [True, False])
def test_three_dimensions_with_three_cell_types(
    tmp_path: Path, meshes: dict[str, Callable[..., Mesh]], fielded: Callable[..., Mesh], fields: tuple, compress: bool
) -> None:
    mesh = fielded(meshes["3-D"](), 1)
    with DatasetWriter(tmp_path / "a", fields, compress=compress) as writer:
        writer.append(mesh)
    with MeshDataset(tmp_path / "a") as dataset:
        assert_same(dataset[0].mesh, mesh)
        assert dataset.dim == 3


def test_a_mesh_without_boundary_and_empty_patches(tmp_path: Path) -> None:
    points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
    bare = Mesh(points, cells, point_data={"u": np.ones(3)})
    half = Mesh(points, cells, {"none": np.zeros((0, 2), int), "one": np.array([[0, 1]])}, {"u": np.ones(3)})
    with DatasetWriter(tmp_path / "a", [FieldSpec("u")]) as writer:
        writer.append(bare)
        writer.append(half)
        writer.append(bare)
    with MeshDataset(tmp_path / "a") as dataset:
        assert dataset.num_meshes == 2
        for i, mesh in enumerate((bare, half, bare)):
            assert_same(dataset[i].mesh, mesh)


def test_big_endian_and_half_floats_are_cast_exactly(tmp_path: Path, meshes: dict[str, Callable[..., Mesh]]) -> None:
    mesh = meshes["2-D"]()
    values = np.linspace(0, 1, mesh.num_points)
    fields = [FieldSpec("big"), FieldSpec("half"), FieldSpec("single")]
    with DatasetWriter(tmp_path / "a", fields) as writer:
        writer.append(
            mesh.with_data(
                {"big": values.astype(">f8"), "half": values.astype(np.float16), "single": values.astype(">f4")}
            )
        )
    with MeshDataset(tmp_path / "a") as dataset:
        data = dataset[0].mesh.point_data
    np.testing.assert_array_equal(data["big"], values)
    np.testing.assert_array_equal(data["half"], values.astype(np.float16))
    np.testing.assert_array_equal(data["single"], values.astype(np.float32))
    assert {name: values.dtype for name, values in data.items()} == {
        "big": np.float64,
        "half": np.float32,
        "single": np.float32,
    }


def test_splits_and_indices_select(file: Path) -> None:
    selected = {split: [s.index for s in MeshDataset(file, split)] for split in ("train", "valid", "test")}
    assert selected == {"train": [0, 1, 2, 3, 4], "valid": [5], "test": [6]}
    assert [s.index for s in MeshDataset(file, indices=[4, 1])] == [4, 1]
    assert MeshDataset(file, "train")[-1].index == 4
    with pytest.raises(IndexError):
        MeshDataset(file, "train")[5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "training"}, "known: train, valid, test"),
        ({"indices": [7]}, "sample 7"),
        ({"indices": [True, False]}, "type bool"),
        ({"indices": [1], "split": "train"}, "one of them"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(file: Path, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MeshDataset(file, **options)


def test_an_unknown_field_is_answered_by_the_nearest(file: Path) -> None:
    with MeshDataset(file) as dataset, pytest.raises(DataError, match="did you mean 'depth'"):
        dataset.field("Dpth")


def as_list(batch: list[Sample]) -> list[Sample]:
    return batch


def test_two_workers_read_the_right_samples(file: Path, written: Callable[..., list[Mesh]]) -> None:
    with MeshDataset(file) as dataset:
        first = dataset[0]  # the file is open when the workers start
        method = multiprocessing.get_context("fork")
        loader = DataLoader(
            dataset, batch_size=2, num_workers=2, collate_fn=as_list, multiprocessing_context=method, shuffle=False
        )
        seen = [sample for batch in loader for sample in batch]
        assert [s.index for s in seen] == list(range(7))
        for sample, mesh in zip(seen, written(), strict=True):
            assert_same(sample.mesh, mesh)
        assert_same(dataset[0].mesh, first.mesh)


def test_reading_many_samples_keeps_memory_bounded(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import sys
        import numpy as np
        from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
        from gno.mesh.mesh import Mesh

        def resident():
            return int(open("/proc/self/statm").read().split()[1]) * 4096

        def sample(i):
            x = np.arange(2001.0) + i
            points = np.concatenate([np.stack([x, 0 * x], 1), np.stack([x, 0 * x + 1], 1)])
            a = np.arange(2000)
            quads = np.stack([a, a + 1, a + 2002, a + 2001], 1)
            return Mesh(points, {"quad": quads}, {}, {"u": np.random.default_rng(i).normal(size=4002)})

        path, marks = sys.argv[1], []
        with DatasetWriter(path, [FieldSpec("u")], compress=False) as writer:
            for i in range(240):
                writer.append(sample(i))
                marks += [resident()] * (i in (40, 239))
        with MeshDataset(path) as dataset:
            for i in range(240):
                dataset[i]
                marks += [resident()] * (i in (40, 239))
        print(marks[1] - marks[0], marks[3] - marks[2])
        """
    )
    path = tmp_path / "large"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    written = path.stat().st_size  # 200 of the 240 samples lie between the marks
    for growth in map(int, done.stdout.split()):
        assert growth < 0.1 * written


def test_looking_into_a_file_loads_no_torch(file: Path) -> None:
    code = "import sys; from gno.datasets import check; assert check(sys.argv[1]).ok; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


def test_pickling_carries_no_handle(file: Path) -> None:
    with MeshDataset(file, "valid") as dataset:
        dataset[0]
        data = pickle.dumps(dataset)
    copy = pickle.loads(data)
    assert copy[0].index == 5
    copy.close()


def test_a_sample_touches_its_rows_only(tmp_path: Path, filler: Callable, fields: tuple) -> None:
    path = tmp_path / "plain"
    with DatasetWriter(path, fields, compress=False) as writer:
        filler(writer)
    with MeshDataset(path) as dataset:
        start, stop = dataset.tables.span(dataset.field("u"), 3)
        wanted = dataset[3].mesh.point_data["u"]
    with h5py.File(path) as file:
        place = file["VTKHDF/PointData/u"].id.get_offset()
        rows = len(file["VTKHDF/PointData/u"])
    raw = bytearray(path.read_bytes())
    raw[place : place + 16 * start] = b"\xff" * (16 * start)  # everything but the rows of sample 3 is ruined
    raw[place + 16 * stop : place + 16 * rows] = b"\xff" * (16 * (rows - stop))
    path.write_bytes(raw)
    with MeshDataset(path) as dataset:
        np.testing.assert_array_equal(dataset[3].mesh.point_data["u"], wanted)
        for other in (0, 1, 2, 4, 5, 6):
            with pytest.raises(DataError, match=f"sample {other} of .* is damaged"):
                dataset[other]


def test_a_file_that_was_exchanged_is_noticed(file: Path, fields: tuple, filler: Callable) -> None:
    dataset = MeshDataset(file)
    dataset.close()
    with DatasetWriter(file, fields, overwrite=True) as writer:
        filler(writer, 5)
    with pytest.raises(DataError, match="another file"):
        dataset[0]
