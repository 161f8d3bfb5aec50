"""Small meshes by hand, and files of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec
from gno.mesh.mesh import Mesh


def mixed_2d(n: int = 3, shift: float = 0.0) -> Mesh:
    """A grid of n x n squares: the left column is cut into triangles, the rest stays quads."""
    x = np.linspace(0.0, 1.0, n + 1)
    points = np.stack(np.meshgrid(x, x, indexing="xy"), axis=-1).reshape(-1, 2) + shift
    corner = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b = corner[:-1, :-1], corner[:-1, 1:]
    c, d = corner[1:, 1:], corner[1:, :-1]
    quads = np.stack([a, b, c, d], axis=-1)
    left = quads[:, 0]
    triangles = np.concatenate([left[:, [0, 1, 2]], left[:, [0, 2, 3]]])
    bottom, top = corner[0], corner[-1]
    return Mesh(
        points,
        {"triangle": triangles, "quad": quads[:, 1:].reshape(-1, 4)},
        {"bottom": np.stack([bottom[:-1], bottom[1:]], 1), "the top": np.stack([top[1:], top[:-1]], 1)},
    )


def mixed_3d() -> Mesh:
    """A unit cube of one hexahedron, a pyramid on its top, and a wedge at its side."""
    cube = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]
    points = np.array([*cube, [0.5, 0.5, 2], [2, 0, 0], [2, 1, 0]], dtype=np.float64)
    cells = {
        "hexahedron": np.array([[0, 1, 2, 3, 4, 5, 6, 7]]),
        "pyramid": np.array([[4, 5, 6, 7, 8]]),
        "wedge": np.array([[1, 9, 5, 2, 10, 6]]),
    }
    boundary = {"floor": np.array([[0, 3, 2, 1], [1, 2, 10, 9]]), "roof": np.array([[4, 5, 8], [5, 6, 8]])}
    return Mesh(points, cells, boundary | {"mixed": np.array([[0, 1, 5, 4], [1, 9, 5, -1]])})


@pytest.fixture
def meshes() -> dict[str, Callable[..., Mesh]]:
    """Builders by name."""
    return {"2-D": mixed_2d, "3-D": mixed_3d}


FIELDS = (
    FieldSpec("a", role="input", units="m2"),
    FieldSpec("u", role="target", units="m/s", components=2),
    FieldSpec("depth", role="static"),
    FieldSpec("k", role="input", location="cell"),
)


def with_fields(mesh: Mesh, seed: int) -> Mesh:
    """The mesh with values of all fields, drawn by seed."""
    rng = np.random.default_rng(seed)
    n, c = mesh.num_points, mesh.num_cells
    point = {"a": rng.lognormal(size=n), "u": rng.normal(size=(n, 2)), "depth": mesh.points.sum(axis=1)}
    return mesh.with_data(point, {"k": rng.random(c).astype(np.float32)})


def samples(count: int = 7) -> list[Mesh]:
    """Samples on meshes of different sizes; every second one stands on the mesh of the one before."""
    return [with_fields(mixed_2d(2 + i // 2), seed=i) for i in range(count)]


def fill(writer: DatasetWriter, count: int = 7, stop: int | None = None) -> None:
    """Append what is missing of ``samples(count)``, up to ``stop``."""
    for i in range(writer.num_samples, stop or count):
        split = "test" if i == count - 1 else "valid" if i == count - 2 else "train"
        writer.append(samples(count)[i], {"angle": 0.5 * i, "mach": 0.1}, split=split)


@pytest.fixture
def written() -> Callable[..., list[Mesh]]:
    """The samples that a filled file holds."""
    return samples


@pytest.fixture
def filler() -> Callable[..., None]:
    """The function that appends them."""
    return fill


@pytest.fixture
def fields() -> tuple[FieldSpec, ...]:
    """The fields of the samples."""
    return FIELDS


@pytest.fixture
def fielded() -> Callable[[Mesh, int], Mesh]:
    """The function that gives a mesh its fields."""
    return with_fields


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Sealed files of seven samples, with compression and without."""
    folder = tmp_path_factory.mktemp("sealed")
    for compress in (True, False):
        attributes = {"pde": "none", "seed": 3}
        with DatasetWriter(folder / str(compress), FIELDS, attributes=attributes, compress=compress) as writer:
            fill(writer)
    return {compress: folder / str(compress) for compress in (True, False)}


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def file(request: pytest.FixtureRequest, sealed: dict[bool, Path], tmp_path: Path) -> Path:
    """A sealed file of seven samples, for this test alone."""
    return Path(shutil.copy(sealed[request.param], tmp_path / "seven.vtkhdf"))
