"""Datasets with something wrong, and what reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from gno.datasets import DatasetWriter, MeshDataset, convert, merge
from gno.datasets.archive import reseal
from gno.datasets.packed import PackedMesh
from gno.mesh import shapes
from gno.training import Recipe, evaluate, train
from tests.datasets.layouts.folders import vtk_folder
from tests.faults.catalogue.run_files import RECIPE
from tests.faults.fault import Case, Place, Words

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n"
U = "VTKHDF/PointData/u"
Change = Callable[[h5py.File], object]


def case(name: str, make: Callable[[Place], Path], says: str) -> Case:
    """Reading a dataset."""
    return Case(name, make, lambda path, _: list(MeshDataset(path)), lambda path, _: ("check", path), says)


def damaged(name: str, change: Callable[[bytes], bytes], says: str) -> Case:
    """Reading a dataset whose bytes were changed."""
    return case(name, lambda place: place.copy("d.h5", change), says)


def changed(name: str, change: Change, says: str, *, sealed: bool = True) -> Case:
    """Reading a dataset that h5py changed, with a seal that fits: only the checks of the structure can find it."""

    def make(place: Place) -> Path:
        path = place.copy("d.h5")
        with h5py.File(path, "r+") as raw:
            change(raw)
            if sealed:
                reseal(raw)
        return path

    return case(name, make, says)


def replaced(name: str, values: np.ndarray) -> Change:
    """Other values, of other shape and type."""

    def change(raw: h5py.File) -> None:
        del raw[name]
        raw[name] = values

    return change


def at(name: str, row: int, value: int) -> Change:
    """Another number in a table."""
    return lambda raw: raw[name].__setitem__(row, value)


def flipped(place: Place) -> Path:
    """A plain dataset with a flipped bit in a field."""
    path = place.folder / "d.h5"
    with MeshDataset(place.sound / "d.h5") as dataset, DatasetWriter(path, dataset.fields, compress=False) as writer:
        for sample in dataset:
            writer.append(sample.mesh, sample.params)
    with h5py.File(path) as raw:
        start = raw[U].id.get_offset()
    content = bytearray(path.read_bytes())
    content[start + 7] ^= 1
    path.write_bytes(content)
    return path


def flipped_packed(raw: h5py.File) -> None:
    """A flipped bit in a compressed chunk."""
    mask, chunk = raw[U].id.read_direct_chunk((0,))
    raw[U].id.write_direct_chunk((0,), chunk[:-9] + bytes([chunk[-9] ^ 1]) + chunk[-8:], mask)


def unfinished(place: Place) -> Path:
    """What a killed writer leaves: two samples and the beginning of a third."""
    with MeshDataset(place.sound / "d.h5") as dataset:
        writer = DatasetWriter(place.folder / "d.h5", dataset.fields)
        for i in range(3):
            writer.append(dataset[i].mesh, dataset[i].params)
        writer.close()
    part = place.folder / "d.h5.part"
    part.write_bytes(part.read_bytes()[:-100])
    return part


def outside(kind: str) -> Change:
    """A dataset that reads another file."""

    def change(raw: h5py.File) -> None:
        if kind == "link":
            raw["gno/extra"] = h5py.ExternalLink("/etc/passwd", "/x")
        elif kind == "storage":
            raw.create_dataset("gno/extra", (4,), "u1", external=[("/etc/passwd", 0, 4)])
        else:
            layout = h5py.VirtualLayout((4,), "u1")
            layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
            raw.create_virtual_dataset("gno/extra", layout)

    return change


def bomb(raw: h5py.File) -> None:
    """Zeros that take a thousand times the space they are packed in."""
    item = raw.create_dataset("gno/extra", (80 << 20,), "u1", chunks=(8 << 20,), compression=9)
    item[: 8 << 20] = 0


def foreign(place: Place) -> Path:
    """Somebody's file with a value that is no number."""
    values = np.ones((2, 9, 9))
    values[0, 2, 3] = np.nan
    path = place.folder / "f.h5"
    with h5py.File(path, "w") as raw:
        raw["x"], raw["y"] = values, np.ones((2, 9, 9))
    return path


def converted(path: Path, place: Place) -> Path:
    """Conversion by the API."""
    return convert([path], place.folder / "out.h5")


def converted_words(path: Path, place: Place) -> Words:
    """The same by command."""
    return ("convert", path, "-o", place.folder / "out.h5")


def into_ours(name: str, other: Callable[[np.ndarray], np.ndarray]) -> Case:
    """Conversion of values in another form."""
    values = np.arange(162.0).reshape(2, 9, 9)

    def make(place: Place) -> Path:
        with h5py.File(place.folder / "f.h5", "w") as raw:
            raw["x"], raw["y"] = other(values), values
        return place.folder / "f.h5"

    def api(path: Path, place: Place) -> None:
        with MeshDataset(converted(path, place)) as dataset:
            mesh = dataset[1].mesh
        unit = float(other(np.ones(1))[0])
        np.testing.assert_allclose(mesh.point_data["x"], unit * mesh.point_data["y"], rtol=1e-6)

    return Case(name, make, api, converted_words, "")


def elsewhere(place: Place) -> Path:
    """Cases in time, one of which names a file of the other."""
    (place.folder / "cases").mkdir()
    folder = vtk_folder(place.folder / "cases")
    path = folder / "case_0" / "u.pvd"
    path.write_text(path.read_text().replace("u_0001.vtu", "../case_1/u_0001.vtu"))
    return folder


def constant(place: Place) -> Path:
    """A dataset with an input that is the same everywhere."""
    path = place.folder / "d.h5"
    with MeshDataset(place.sound / "d.h5") as dataset, DatasetWriter(path, dataset.fields) as writer:
        for sample in dataset:
            mesh = sample.mesh
            writer.append(mesh.with_data({**mesh.point_data, "permeability": np.full(mesh.num_points, 3.0)}))
    return path


def beyond_the_nodes(name: str, node: int) -> Case:
    """A dataset whose first cell has a node that is not there, under checksums that fit."""

    def make(place: Place) -> Path:
        path = place.copy("d.h5")
        with MeshDataset(path) as dataset:
            packed = PackedMesh.pack(dataset[0].mesh)
        packed.connectivity[0] = node
        with h5py.File(path, "r+") as raw:
            raw["VTKHDF/Connectivity"][0] = node
            raw["gno/digests/meshes"][0] = np.frombuffer(packed.digest(), dtype=np.uint8)
            reseal(raw)
        return path

    return case(name, make, f"refers to point {node}; the mesh has")


def with_a_sparse_one(place: Place) -> Path:
    """A dataset with a mesh whose nodes lie further apart than any edge of the graph is long."""
    path, sparse = place.folder / "d.h5", shapes.square(1.0, kind="quad")
    with MeshDataset(place.sound / "d.h5") as dataset, DatasetWriter(path, dataset.fields) as writer:
        for mesh in (dataset[0].mesh, sparse.with_data({"permeability": np.ones(4), "u": np.ones(4)})):
            writer.append(mesh)
    return path


def trained(name: str, make: Callable[[Place], Path], says: str) -> Case:
    """Training on a dataset."""

    def api(path: Path, place: Place) -> object:
        return train(Recipe.load(place.file("r.toml", RECIPE)), path, place.folder / "run")

    def words(path: Path, place: Place) -> Words:
        return ("train", place.file("r.toml", RECIPE), "--data", path, "-o", place.folder / "run")

    return Case(name, make, api, words, says)


def overlapping(place: Place) -> Path:
    """A folder of two datasets: what one has to test with, the other has to train on."""
    with MeshDataset(place.sound / "d.h5") as dataset:
        for split in ("train", "test"):
            with DatasetWriter(place.folder / f"{split}.h5", dataset.fields) as writer:
                writer.append(dataset[0].mesh, split=split)
    return place.folder


def merged(folder: Path, _: Place) -> Path:
    """Merging by the API."""
    return merge([folder / "train.h5", folder / "test.h5"], folder / "out.h5")


def merged_words(folder: Path, _: Place) -> Words:
    """The same by command."""
    return ("merge", folder / "train.h5", folder / "test.h5", "-o", folder / "out.h5")


def no_split(path: Path, place: Place) -> object:
    """Evaluation on a split that is empty."""
    return evaluate(place.sound / "m.safetensors", path, place.folder / "ev", split="valid")


def no_split_words(path: Path, place: Place) -> Words:
    """The same by command."""
    return ("evaluate", place.sound / "m.safetensors", path, "-o", place.folder / "ev", "--split", "valid")
