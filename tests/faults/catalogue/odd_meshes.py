"""Meshes that are odd and no fault of anybody: what a prediction on each must not mind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gno.mesh import Mesh, load, save, shapes
from tests.faults.catalogue.mesh_files import predict, predict_words
from tests.faults.fault import Case, Place


def predicted(name: str, odd: Callable[[Mesh], Mesh]) -> Case:
    """Prediction on a mesh made odd; it must be finite."""

    def make(place: Place) -> Path:
        save(odd(load(place.sound / "full.vtu")), place.folder / "m.vtu")
        return place.folder / "m.vtu"

    def api(path: Path, place: Place) -> None:
        assert np.isfinite(predict(path, place).point_data["u"]).all()

    return Case(name, make, api, predict_words, "")


def unused(mesh: Mesh) -> Mesh:
    """With a node that no cell uses."""
    a = np.append(mesh.point_data["permeability"], 3.0)
    return Mesh(np.concatenate([mesh.points, [[0.5, 9.0]]]), mesh.cells, {}, {"permeability": a})


def twice(mesh: Mesh) -> Mesh:
    """Beside itself: two parts that nothing connects."""
    cells = {kind: np.concatenate([c, c + mesh.num_points]) for kind, c in mesh.cells.items()}
    a = np.tile(mesh.point_data["permeability"], 2)
    return Mesh(np.concatenate([mesh.points, mesh.points + 2.0]), cells, {}, {"permeability": a})


def triangle(mesh: Mesh) -> Mesh:
    """One cell."""
    points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
    return Mesh(points, cells, {}, {"permeability": mesh.point_data["permeability"][:3]})


def sparse(mesh: Mesh) -> Mesh:
    """Nodes further apart than any edge of the graph is long."""
    square = shapes.square(1.0, kind="quad")
    return square.with_data({"permeability": mesh.point_data["permeability"][: square.num_points]})


def stretched(factor: float) -> Callable[[Mesh], Mesh]:
    """So many times as large."""
    return lambda mesh: Mesh(factor * mesh.points, mesh.cells, {}, mesh.point_data)


def turned(mesh: Mesh) -> Mesh:
    """Its fields in another order."""
    return mesh.with_data(dict(reversed(mesh.point_data.items())))


def renumbered(mesh: Mesh) -> Mesh:
    """Its nodes in another order."""
    order = np.random.default_rng(0).permutation(mesh.num_points)
    place = np.argsort(order)
    data = {name: np.asarray(values)[order] for name, values in mesh.point_data.items()}
    return Mesh(mesh.points[order], {kind: place[c] for kind, c in mesh.cells.items()}, {}, data)
