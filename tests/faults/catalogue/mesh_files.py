"""Meshes with something wrong, and what reads them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gno.datasets import DatasetWriter, MeshDataset
from gno.fv import Diffusion, Dirichlet
from gno.mesh import Mesh, load, save
from gno.models import Operator
from tests.faults.fault import Case, Place, Words

FOUR = "NPOIN= 4\n0 0 0\n1 0 1\n1 1 2\n0 1 3\n"
JUNK = np.random.default_rng(0).bytes(3000)


def case(name: str, make: Callable[[Place], Path], says: str) -> Case:
    """Reading a mesh."""
    return Case(name, make, lambda path, _: load(path), lambda path, _: ("check", path), says)


def su2(name: str, cells: str, says: str, points: str = FOUR) -> Case:
    """Reading an SU2 file of triangles and quads."""
    rows = cells.split("; ")
    text = f"NDIME= 2\nNELEM= {len(rows)}\n" + "\n".join(rows) + f"\n{points}NMARK= 0\n"
    return case(name, lambda place: place.file("m.su2", text), says)


def broken(suffix: str) -> tuple[Case, ...]:
    """Reading what is no mesh, under the suffix of one."""

    def cut(place: Place) -> Path:
        source = place.sound / f"bare{suffix}"
        whole = (source if source.exists() else place.sound / "bare.vtu").read_bytes()
        return place.file(f"m{suffix}", whole[: len(whole) // 2])

    contents = {"empty": b"", "binary": JUNK, "text": b"hello\n"}
    made = [case(f"{suffix} {n}", lambda s, b=b: s.file(f"m{suffix}", b), rf"m\{suffix}") for n, b in contents.items()]
    return (*made, case(f"{suffix} cut", cut, rf"m\{suffix}"))


def scaled(place: Place) -> Path:
    """The mesh in millimeters."""
    mesh = load(place.sound / "full.vtu")
    save(Mesh(1000 * mesh.points, mesh.cells, {}, mesh.point_data), place.folder / "m.vtu")
    return place.folder / "m.vtu"


def beyond(place: Place) -> Path:
    """The mesh with an input ten times as high as any in training."""
    mesh = load(place.sound / "full.vtu")
    values = mesh.point_data["permeability"]
    save(mesh.with_data({"permeability": np.where(values > 5, 120.0, values)}), place.folder / "m.vtu")
    return place.folder / "m.vtu"


def bare(place: Place) -> Path:
    """A mesh without fields."""
    return place.copy("bare.vtu")


def vtk_of_quadratic(place: Place) -> Path:
    """A triangle with six nodes."""
    import meshio

    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0]])
    path = place.folder / "m.vtu"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meshio.Mesh(points, [("triangle6", np.arange(6)[None])]).write(path)
    return path


def wave(place: Place) -> Path:
    """A surface in space."""
    import meshio

    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.5]])
    meshio.Mesh(points, [("triangle", np.array([[0, 1, 2], [1, 3, 2]]))]).write(place.folder / "m.vtu")
    return place.folder / "m.vtu"


def with_lines(place: Place) -> Path:
    """A triangle, and a line on its border."""
    import meshio

    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    cells = [("line", np.array([[0, 1]])), ("triangle", np.array([[0, 1, 2]]))]
    meshio.Mesh(points, cells).write(place.folder / "m.vtu")
    return place.folder / "m.vtu"


def predict(path: Path, place: Place) -> Mesh:
    """Prediction by the API."""
    return Operator.load(place.sound / "m.safetensors").predict(load(path))


def predict_words(path: Path, place: Place) -> Words:
    """The same by command."""
    return ("predict", place.sound / "m.safetensors", path, "-o", place.folder / "p.vtu")


def strict_words(path: Path, place: Place) -> Words:
    """The same, where a warning is an error."""
    return (*predict_words(path, place), "--strict")


def strict(path: Path, place: Place) -> Mesh:
    """Prediction by the API, where a warning is an error."""
    return Operator.load(place.sound / "m.safetensors").predict(load(path), strict=True)


def with_angle(name: str) -> Case:
    """Prediction by a model that takes a parameter, on a mesh that has none."""

    def make(place: Place) -> Path:
        with MeshDataset(place.sound / "d.h5") as old, DatasetWriter(place.folder / "d.h5", old.fields) as writer:
            for number, sample in enumerate(old):
                writer.append(sample.mesh, {name: float(number)})
        with MeshDataset(place.folder / "d.h5") as dataset:
            model = Operator.from_dataset(dataset, "gkn", width=4, depth=1, kernel={"width": 4}, params=[name])
        model.save(place.folder / "m.safetensors")
        return place.folder / "m.safetensors"

    def words(path: Path, place: Place) -> Words:
        return ("predict", path, place.sound / "full.vtu", "-o", place.folder / "p.vtu")

    return Case(
        name,
        make,
        lambda p, s: Operator.load(p).predict(load(s.sound / "full.vtu")),
        words,
        f"wants {name}|takes the field '{name}'.*--set {name}=",
    )


def bounded(name: str) -> Case:
    """A condition on a patch that is not there."""
    return Case(
        name,
        lambda place: place.copy("bare.su2"),
        lambda path, _: Diffusion(load(path), {name: Dirichlet(1.0)}),
        lambda path, place: ("solve", "darcy", path, "-o", place.folder / "s.vtu", "--bc", f"{name}=dirichlet:1"),
        name,
    )


def entities(place: Place) -> Path:
    """Entities of entities of entities."""
    bomb = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><VTKFile'
    return place.copy("bare.vtu", lambda b: b.replace(b"<VTKFile", bomb.encode(), 1))
