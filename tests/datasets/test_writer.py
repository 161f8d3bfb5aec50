"""Writing: what is refused, what is shared, and what a kill leaves."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import jaxtyping
import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, check, repair
from gno.errors import ConfigError, DataError, ResourceError
from gno.mesh.mesh import Mesh

U = FieldSpec("u", role="target")


@pytest.fixture
def mesh(meshes: dict[str, Callable[..., Mesh]]) -> Mesh:
    mesh = meshes["2-D"]()
    return mesh.with_data({"u": np.arange(mesh.num_points, dtype=np.float64)})


def test_samples_on_one_mesh_store_it_once(file: Path, written: Callable[..., list[Mesh]]) -> None:
    with h5py.File(file) as raw:
        points = raw["VTKHDF/Points"].shape[0]
        depth, a = len(raw["VTKHDF/PointData/depth"]), len(raw["VTKHDF/PointData/a"])
    distinct = [written()[i].num_points for i in (0, 2, 4, 6)]
    assert points == depth == sum(distinct)
    assert a == sum(mesh.num_points for mesh in written())


def test_a_static_field_that_changes_makes_another_mesh(tmp_path: Path, mesh: Mesh) -> None:
    with DatasetWriter(tmp_path / "a", [FieldSpec("u", role="static")]) as writer:
        writer.append(mesh)
        writer.append(mesh.with_data({"u": 2 * mesh.point_data["u"]}))
    with MeshDataset(tmp_path / "a") as dataset:
        assert dataset.num_meshes == 2
        assert dataset[1].mesh.point_data["u"][3] == 6.0


def test_the_same_samples_give_the_same_bytes(tmp_path: Path, fields: tuple, filler: Callable) -> None:
    for name in ("a", "b"):
        with DatasetWriter(tmp_path / name, fields) as writer:
            filler(writer)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    times: list[int] = []
    with h5py.File(tmp_path / "a") as raw:
        raw.visititems(lambda _, item: times.append(h5py.h5o.get_info(item.id).mtime))
    assert set(times) == {0}  # so the bytes are the same in the next second, too


def test_an_exception_keeps_the_samples_and_resuming_ends_alike(
    tmp_path: Path, fields: tuple, filler: Callable
) -> None:
    with DatasetWriter(tmp_path / "whole", fields) as writer:
        filler(writer)

    def interrupted() -> None:
        with DatasetWriter(tmp_path / "a", fields) as writer:
            filler(writer, stop=3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not (tmp_path / "a").exists()
    with DatasetWriter(tmp_path / "a", fields, resume=True) as writer:
        assert writer.num_samples == 3
        filler(writer)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "whole").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "whole"]


CHILD = textwrap.dedent(
    """
    import sys
    import numpy as np
    from gno.datasets import DatasetWriter, FieldSpec
    from gno.mesh.mesh import Mesh

    def sample(i):
        n = 40 + i
        x = np.arange(n + 1.0)
        points = np.concatenate([np.stack([x, 0 * x], 1), np.stack([x, 0 * x + 1 + i // 3], 1)])
        a = np.arange(n)
        quads = np.stack([a, a + 1, a + n + 2, a + n + 1], 1)
        return Mesh(points, {"quad": quads}, {}, {"u": np.random.default_rng(i).normal(size=2 * n + 2)})

    def write(path, count):
        with DatasetWriter(path, [FieldSpec("u", role="target")], attributes={"seed": 1}, resume=True) as writer:
            for i in range(writer.num_samples, count):
                writer.append(sample(i), {"i": i}, split="train" if i % 5 else "test")
                print(i, flush=True)
    """
)


def test_a_kill_keeps_the_samples_and_resuming_ends_alike(tmp_path: Path) -> None:
    path, count = tmp_path / "killed", 40
    code = CHILD + f"write({str(path)!r}, 10**9)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = next(int(line) for line in child.stdout if int(line) >= 17)
        child.send_signal(signal.SIGKILL)
    scope: dict = {}
    exec(CHILD, scope)
    part = Path(f"{path}.part")
    with DatasetWriter(tmp_path / "whole", [U], attributes={"seed": 1}) as whole:
        for i in range(count):
            whole.append(scope["sample"](i), {"i": i}, split="train" if i % 5 else "test")
    writer = DatasetWriter(path, [U], attributes={"seed": 1}, resume=True)
    kept = writer.num_samples
    writer.close()
    assert kept > told
    if kept > count:  # the child was quick: cut its file where a kill might have
        part.write_bytes(part.read_bytes()[: 40 * 2**10])
    scope["write"](str(path), count)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_journal_cut_at_any_byte_resumes_alike(tmp_path: Path) -> None:
    points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}

    def append(writer: DatasetWriter) -> None:
        for i in range(writer.num_samples, 3):
            writer.append(Mesh(points + i // 2, cells, {}, {"u": np.full(3, float(i))}), {"i": i})

    with DatasetWriter(tmp_path / "whole", [U], compress=False) as writer:
        append(writer)
        journal = Path(f"{tmp_path / 'whole'}.part").read_bytes()
    kept = []
    for end in sorted({*range(0, len(journal), 5), *range(60), len(journal) - 1, len(journal)}):
        Path(f"{tmp_path / 'a'}.part").write_bytes(journal[:end])
        writer = DatasetWriter(tmp_path / "a", [U], resume=True, overwrite=True, compress=False)
        kept.append(writer.num_samples)
        if end % 97 and kept[-1] == kept[max(len(kept) - 2, 0)]:
            writer.close()
            continue
        append(writer)
        writer.seal()
        assert (tmp_path / "a").read_bytes() == (tmp_path / "whole").read_bytes()
    assert sorted(set(kept)) == [0, 1, 2, 3]
    assert kept == sorted(kept)


def test_a_short_file_of_someone_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_text("mine")
    with pytest.raises(DataError, match="not an unfinished dataset"):
        DatasetWriter(tmp_path / "a", [U], resume=True)
    assert (tmp_path / "a.part").read_text() == "mine"


def test_a_mesh_whose_sample_was_not_written_does_no_harm(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    writer.append(mesh)
    writer._mesh_number(Mesh(mesh.points + 1, mesh.cells), {})
    writer.close()
    with DatasetWriter(tmp_path / "a", [U], resume=True) as writer:
        assert writer.num_samples == 1
    report = check(tmp_path / "a")
    assert report.ok
    assert "mesh 1 belongs to no sample" in report.notes


def test_an_interrupt_in_the_middle_of_a_write_leaves_whole_records(
    tmp_path: Path, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    writer.append(mesh, split="train")

    class Torn:
        def __init__(self, file: BinaryIO) -> None:
            self.file = file

        def write(self, data: memoryview) -> int:
            self.file.write(data[:20])
            raise KeyboardInterrupt

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    with monkeypatch.context() as patch:
        patch.setattr(writer._journal, "_file", Torn(writer._journal._file))
        with pytest.raises(KeyboardInterrupt):
            writer.append(mesh.with_data({"u": np.ones(mesh.num_points)}))
    writer.append(mesh.with_data({"u": np.zeros(mesh.num_points)}), split="train")
    writer.seal()
    with MeshDataset(tmp_path / "a") as dataset:
        assert [float(s.mesh.point_data["u"].max()) for s in dataset] == [15.0, 0.0]


def test_a_closed_writer_writes_no_more(tmp_path: Path, mesh: Mesh) -> None:
    with DatasetWriter(tmp_path / "a", [U]) as writer:
        writer.append(mesh)
    with pytest.raises(DataError, match="is closed"):
        writer.append(mesh)
    with pytest.raises(DataError, match="is closed"):
        writer.seal()


def test_two_writers_of_one_file_are_refused(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    with pytest.raises(DataError, match="another process"):
        DatasetWriter(tmp_path / "a", [U], resume=True)
    writer.close()


def test_resuming_another_dataset_is_refused(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U], attributes={"seed": 0})
    writer.append(mesh)
    writer.close()
    with pytest.raises(DataError, match=r"attributes\.seed is 0 there and 1 here"):
        DatasetWriter(tmp_path / "a", [U], attributes={"seed": 1}, resume=True)
    with pytest.raises(DataError, match="fields"):
        DatasetWriter(tmp_path / "a", [FieldSpec("v")], attributes={"seed": 0}, resume=True)


def test_a_file_in_the_way_is_kept(tmp_path: Path, mesh: Mesh) -> None:
    with DatasetWriter(tmp_path / "a", [U]) as writer:
        writer.append(mesh)
    with pytest.raises(DataError, match="exists already"):
        DatasetWriter(tmp_path / "a", [U])
    with pytest.raises(DataError, match="exists already"):
        DatasetWriter(tmp_path / "a", [U], resume=True)
    with DatasetWriter(tmp_path / "a", [U], overwrite=True) as writer:
        writer.append(mesh)
        writer.append(mesh)
    assert len(MeshDataset(tmp_path / "a")) == 2


def test_an_unfinished_file_in_the_way_is_kept(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    writer.append(mesh)
    writer.close()
    with pytest.raises(DataError, match="resume=True"):
        DatasetWriter(tmp_path / "a", [U])
    (tmp_path / "b.part").write_text("notes of mine, not a dataset")
    with pytest.raises(DataError, match="not an unfinished dataset"):
        DatasetWriter(tmp_path / "b", [U], resume=True)
    assert (tmp_path / "b.part").read_text().startswith("notes")


def test_no_samples_make_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no samples"), DatasetWriter(tmp_path / "a", [U]):
        pass
    assert not os.listdir(tmp_path)
    with pytest.raises(ResourceError, match="there is no folder"):
        DatasetWriter(tmp_path / "not" / "there", [U])


@pytest.mark.parametrize(
    ("name", "value"),
    [("a/b", 1), ("", 1), ("n", float("nan")), ("n", 2**64), ("n", [1]), ("n", "x\0"), ("n", 70_000 * "x")],
)
def test_an_attribute_that_cannot_be_is_refused(
    tmp_path: Path, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    with pytest.raises(ConfigError, match="attribute"):
        DatasetWriter(tmp_path / "a", [U], attributes={name: value})
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (lambda n: np.ones(n + 1), "first axis|shape"),
        (lambda n: np.ones((n, 2)), r"must be \(16,\)"),
        (lambda n: np.where(np.arange(n) == 5, np.nan, 1.0), "1 of 16 values that are not finite.*row 5"),
        (lambda n: np.where(np.arange(n) > 13, np.inf, 1.0), "2 of 16"),
    ],
)
def test_a_field_that_cannot_be_is_refused(tmp_path: Path, mesh: Mesh, values: Callable, message: str) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    with pytest.raises(Exception, match=message):
        writer.append(mesh.with_data({"u": values(mesh.num_points)}))
    assert writer.num_samples == 0
    writer.append(mesh)  # the writer goes on
    writer.seal()
    assert len(MeshDataset(tmp_path / "a")) == 1


def test_parameters_are_the_same_in_every_sample(tmp_path: Path, mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    with DatasetWriter(tmp_path / "a", [U]) as writer:
        writer.append(mesh, {"re": 100.0})
        with pytest.raises(DataError, match=r"\['Re'\].*\['re'\]"):
            writer.append(mesh, {"Re": 100.0})
        for value in (float("inf"), "high"):
            with pytest.raises(DataError, match=r"'re' is .*it must be a finite number"):
                writer.append(mesh, {"re": value})


def test_dimensions_do_not_mix(tmp_path: Path, mesh: Mesh, meshes: dict[str, Callable[..., Mesh]]) -> None:
    solid = meshes["3-D"]()
    with DatasetWriter(tmp_path / "a", [U]) as writer:
        writer.append(mesh)
        with pytest.raises(DataError, match="3-D"):
            writer.append(solid.with_data({"u": np.ones(solid.num_points)}))


def test_fields_are_named_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="twice"):
        DatasetWriter(tmp_path / "a", [U, FieldSpec("u", location="cell")])
    with pytest.raises(ConfigError, match="at least one"):
        DatasetWriter(tmp_path / "a", [])


def test_splits_given_at_the_end(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    for i in range(4):
        writer.append(mesh.with_data({"u": np.full(mesh.num_points, float(i))}))
    with pytest.raises(ConfigError, match="again"):
        writer.seal({"train": [0, 1], "test": [1]})
    writer.seal({"train": [0, 3], "test": [2]})
    with MeshDataset(tmp_path / "a") as dataset:
        assert dataset.statistics["u"].mean == 1.5
        assert {k: v.tolist() for k, v in dataset.splits.items()} == {"train": [0, 3], "test": [2]}


def test_the_ways_out_are_told_for_both_ways_in(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    writer.append(mesh)
    writer.close()
    with pytest.raises(DataError) as unfinished:
        DatasetWriter(tmp_path / "a", [U])
    with pytest.raises(DataError) as other:
        DatasetWriter(tmp_path / "a", [U], attributes={"seed": 1}, resume=True)
    with DatasetWriter(tmp_path / "a", [U], resume=True) as writer:
        pass
    with pytest.raises(DataError) as finished:
        DatasetWriter(tmp_path / "a", [U])
    for caught in (unfinished, finished):
        assert "overwrite=True, --overwrite" in caught.value.fix
    assert "remove a.part" in other.value.fix


def test_a_file_to_test_with_has_statistics_of_all_its_samples(tmp_path: Path, mesh: Mesh) -> None:
    static = FieldSpec("depth", role="static")
    for name, splits in (("a", {"test": [0, 1, 2]}), ("b", {"train": [], "valid": [1]}), ("c", {})):
        writer = DatasetWriter(tmp_path / name, [U, static])
        for i in range(3):
            values = np.full(mesh.num_points, float(i))
            writer.append(mesh.with_data({"u": values, "depth": values + 1}), split="test")
        writer.seal(splits)
        with MeshDataset(tmp_path / name) as dataset:
            assert dataset.statistics["u"].mean == pytest.approx(1.0)
            assert dataset.statistics["depth"].count == 3 * mesh.num_points
            assert {k: v.tolist() for k, v in dataset.splits.items()} == splits
        with pytest.raises(ConfigError, match=r"'train'.*is empty"):
            MeshDataset(tmp_path / name, "train")
        report = check(tmp_path / name)
        assert report.ok
        assert "no sample is in the train split: statistics are over all samples" in report.notes


def test_a_test_sample_seen_in_training_is_told(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    writer.append(mesh, split="train")
    writer.append(mesh, split="test")
    with pytest.warns(UserWarning, match="1 samples to validate or test are in the train split"):
        writer.seal()


def test_a_full_disk_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "full"
    code = CHILD + textwrap.dedent(
        f"""
        import resource, signal
        from gno.errors import ResourceError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
        try:
            write({str(path)!r}, 40)
        except ResourceError as error:
            print(error, file=sys.stderr)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = len(done.stdout.splitlines())
    assert "free some space and resume" in done.stderr
    assert 0 < told < 40
    assert not path.exists()
    with DatasetWriter(path, [U], attributes={"seed": 1}, resume=True) as writer:
        assert writer.num_samples == told
    assert len(MeshDataset(path)) == told


def test_a_disk_that_fills_up_in_the_seal_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "full"
    code = CHILD + textwrap.dedent(
        f"""
        import resource, signal
        from gno.errors import ResourceError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        told = 0
        for limit in (500, 5_000, 20_000, 30_000, 45_000):
            for compress in (True, False):
                fields, attributes = [FieldSpec("u", role="target")], {{"seed": 1}}
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                writer = DatasetWriter({str(path)!r}, fields, attributes=attributes, resume=True, compress=compress)
                for i in range(writer.num_samples, 20):
                    writer.append(sample(i), {{"i": i}})
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
                try:
                    writer.seal()
                except ResourceError as error:
                    told += "File too large" in str(error) and "keeps all samples" in str(error)
                writer.close()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(told)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("10\n", "")  # h5py has nothing to say, and does not crash
    assert os.listdir(tmp_path) == ["full.part"]
    with DatasetWriter(path, [U], attributes={"seed": 1}, resume=True) as writer:
        assert writer.num_samples == 20
    assert check(path).ok


def test_a_seal_onto_a_full_disk_keeps_what_was_written(
    tmp_path: Path, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    writer.append(mesh)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gno.datasets.writer.write_archive", full)
        with pytest.raises(ResourceError, match=r"No space left on device; .* keeps all samples"):
            writer.seal()
    writer.seal()
    assert len(MeshDataset(tmp_path / "a")) == 1


def test_whole_samples_behind_a_damaged_one_are_not_dropped(tmp_path: Path, mesh: Mesh) -> None:
    writer = DatasetWriter(tmp_path / "a", [U])
    ends = []
    for i in range(3):
        writer.append(mesh.with_data({"u": mesh.point_data["u"] + i}))
        ends.append((tmp_path / "a.part").stat().st_size)
    writer.close()
    part, whole = tmp_path / "a.part", (tmp_path / "a.part").read_bytes()
    damaged = whole[: ends[1] - 1] + bytes([whole[ends[1] - 1] ^ 1]) + whole[ends[1] :]
    part.write_bytes(damaged)
    with pytest.raises(DataError, match="would drop 1 whole samples behind it; keep them: gno repair"):
        DatasetWriter(tmp_path / "a", [U], resume=True)
    assert part.read_bytes() == damaged
    assert repair(part).num_samples == 2


def test_overwriting_does_not_take_away_what_another_writes(tmp_path: Path, mesh: Mesh) -> None:
    with DatasetWriter(tmp_path / "a", [U]) as writer:
        writer.append(mesh)
        with pytest.raises(DataError, match="is being written by another process"):
            DatasetWriter(tmp_path / "a", [U], overwrite=True)
        writer.append(mesh)
    with MeshDataset(tmp_path / "a") as dataset:
        assert len(dataset) == 2


def test_records_that_no_writer_makes_are_damage(tmp_path: Path) -> None:
    head = json.dumps({"meta": {"sort": "header"}, "arrays": []}).encode()
    record = struct.pack("<QQ32s", len(head), 0, hashlib.sha256(head).digest()) + head
    part = tmp_path / "a.part"
    part.write_bytes(b"gno-part1\n" + record)
    for call in (lambda: DatasetWriter(tmp_path / "a", [U], resume=True), lambda: repair(part), lambda: check(part)):
        with pytest.raises(DataError, match=r"is damaged|has no sample|is of another dataset"):
            call()
