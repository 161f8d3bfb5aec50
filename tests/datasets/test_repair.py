"""What is whole of a damaged dataset is kept, bit for bit, and what was there stays."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, check, repair
from gno.datasets.survey import survey
from gno.errors import ConfigError, DataError

Filler = Callable[..., None]


@pytest.fixture
def part(tmp_path: Path, fields: tuple[FieldSpec, ...], filler: Filler) -> Path:
    """An unfinished dataset of six samples of seven, on four meshes."""
    writer = DatasetWriter(tmp_path / "d.h5", fields, attributes={"pde": "none"})
    filler(writer, stop=6)
    writer.close()
    return tmp_path / "d.h5.part"


def values(path: Path) -> dict[float, list[np.ndarray]]:
    """Angle of a sample to its arrays."""
    with MeshDataset(path) as dataset:
        return {
            s.params["angle"]: [s.mesh.points, *s.mesh.point_data.values(), *s.mesh.cell_data.values()] for s in dataset
        }


def test_a_killed_writer_leaves_what_it_wrote(part: Path, written: Callable[..., list]) -> None:
    with open(part, "ab") as file:
        file.write(b"\x07" * 100)  # the beginning of a record
    before = part.read_bytes()
    with pytest.raises(DataError, match=r"unfinished dataset; 6 samples in it are usable, 1 are damaged.*gno repair"):
        MeshDataset(part)
    kept = repair(part.with_suffix(""))
    assert (kept.path, kept.num_samples, kept.num_lost) == (part.with_suffix(""), 6, 1)
    assert check(kept.path).ok
    assert part.read_bytes() == before
    found = values(kept.path)
    for i, mesh in enumerate(written(7)[:6]):
        arrays = [mesh.points, *mesh.point_data.values(), *mesh.cell_data.values()]
        assert all(np.array_equal(a, b) for a, b in zip(found[0.5 * i], arrays, strict=True))
    with MeshDataset(kept.path) as dataset:
        assert {name: len(rows) for name, rows in dataset.splits.items()} == {"train": 5, "valid": 1}
        assert dataset.attributes["pde"] == "none"


def test_damage_anywhere_costs_what_it_hits_and_never_moves_a_sample_to_another_mesh(part: Path) -> None:
    whole, rng = part.read_bytes(), random.Random(0)
    wanted = values(repair(part).path)
    counts = set()
    for _ in range(14):
        content = bytearray(whole)
        content[rng.randrange(10, len(whole))] ^= 1 << rng.randrange(8)
        part.write_bytes(content)
        try:
            kept = repair(part, overwrite=True)
        except DataError:
            assert not survey(part).samples or survey(part).header is None
            continue
        counts.add(kept.num_samples)
        assert kept.num_lost >= 1
        found = values(kept.path)
        assert len(found) == kept.num_samples
        for angle, arrays in found.items():
            assert all(np.array_equal(a, b) for a, b in zip(arrays, wanted[angle], strict=True))
    assert 4 in counts
    assert counts <= set(range(6))


@pytest.mark.parametrize("file", [False], indirect=True, ids=["plain"])
def test_a_finished_file_loses_the_damaged_samples_alone(file: Path, tmp_path: Path) -> None:
    with h5py.File(file) as raw:
        place = raw["VTKHDF/PointData/u"].id.get_offset()
    data = bytearray(file.read_bytes())
    data[place + 7] ^= 1
    file.write_bytes(data)
    kept = repair(file, tmp_path / "sound.h5")
    assert (kept.num_samples, kept.num_lost) == (6, 1)
    assert check(kept.path).ok
    assert 0.0 not in values(kept.path)
    with MeshDataset(kept.path) as dataset:
        assert {name: len(rows) for name, rows in dataset.splits.items()} == {"train": 4, "valid": 1, "test": 1}


def test_trajectories_are_kept(tmp_path: Path) -> None:
    from gno.mesh import shapes

    mesh = shapes.square(0.5)
    writer = DatasetWriter(tmp_path / "t.h5", [FieldSpec("a"), FieldSpec("u", role="target", transient=True)])
    for i in range(3):
        series = np.random.default_rng(i).random((4, mesh.num_points))
        still = mesh.with_data({"a": np.full(mesh.num_points, float(i))})
        writer.append(still, {"i": i}, time=np.arange(4.0), point_series={"u": series})
    writer.close()
    part = tmp_path / "t.h5.part"
    content = bytearray(part.read_bytes())
    content[-5] ^= 1
    part.write_bytes(content)
    kept = repair(part)
    assert (kept.num_samples, kept.num_lost) == (2, 1)
    with MeshDataset(kept.path) as dataset:
        assert np.array_equal(dataset[1].point_series["u"], np.random.default_rng(1).random((4, mesh.num_points)))


def test_what_cannot_be_repaired_is_refused(file: Path, part: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no name is given"):
        repair(file)
    with pytest.raises(ConfigError, match="is whole"):
        repair(file, tmp_path / "x.h5")
    with pytest.raises(ConfigError, match="exists already"):
        repair(part, file)
    with pytest.raises(DataError, match="no such file"):
        repair(tmp_path / "none.h5", tmp_path / "x.h5")
    part.write_bytes(b"gno-part1\n")
    with pytest.raises(DataError, match="no sample to keep; 0 samples in it are usable"):
        repair(part)
    assert not (tmp_path / "x.h5").exists()
