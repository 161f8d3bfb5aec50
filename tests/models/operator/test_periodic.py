"""Networks in a periodic box: the seam is nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, Normalizer
from gno.errors import ConfigError
from gno.mesh import Mesh, shapes
from gno.models import GKN, MGKN, MeshGraphNet, Operator
from gno.models.features.channel import Channel
from gno.models.features.geometry import Geometry

KERNEL: dict[str, Any] = {"width": 4, "period": (1.0, 1.0), "aggregation": "sum"}
NETWORKS: dict[str, tuple[type, tuple[float, ...], dict[str, Any]]] = {
    "GKN": (GKN, (), {"depth": 2}),
    "MGKN": (MGKN, (0.3,), {"cycles": 1}),
    "MeshGraphNet": (MeshGraphNet, (), {"depth": 2, "edges": "radius"}),
}


def grid(n: int = 8) -> Mesh:
    """A grid of the torus whose last points are one step before the end."""
    mesh = shapes.square(1 / (n - 1), kind="quad")
    mesh = replace(mesh, points=mesh.points * (n - 1) / n)
    x, y = 2 * np.pi * mesh.points.T
    return mesh.with_data({"a": np.sin(x) + np.cos(y + 1)})


def untrained(name: str) -> Operator:
    torch.manual_seed(0)
    kind, spacing, options = NETWORKS[name]
    geometry = Geometry(2, spacing, (0.2, 0.45)[: len(spacing) + 1], features=(), period=(1.0, 1.0))
    unit = Normalizer((0.0,), (1.0,))
    a, u = (Channel(FieldSpec(n, role=r), unit, (0.0,), (1.0,)) for n, r in (("a", "input"), ("u", "target")))
    return Operator(kind(1, 1, radius=geometry.radius, width=4, kernel=KERNEL, **options), [a], [u], geometry).double()


@pytest.mark.parametrize("name", ["GKN", "MeshGraphNet"])
def test_what_goes_out_on_one_side_comes_in_on_the_other(name: str) -> None:
    """Shifting the input around the torus shifts the result, to rounding."""
    operator, mesh, n = untrained(name), grid(), 8
    i, j = np.round(mesh.points * n).astype(int).T
    values = np.empty((n, n))
    values[i, j] = mesh.point_data["a"]
    u, shifted = np.empty((n, n)), np.empty((n, n))
    u[i, j] = operator.predict(mesh).point_data["u"]
    moved = mesh.with_data({"a": np.roll(values, (3, 5), axis=(0, 1))[i, j]})
    shifted[i, j] = operator.predict(moved).point_data["u"]
    assert np.abs(np.roll(u, (3, 5), axis=(0, 1)) - shifted).max() < 1e-12
    assert u.std() > 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_a_box_that_is_moved_by_its_period_is_the_same_box(name: str, tmp_path: Path) -> None:
    operator, mesh = untrained(name), grid()
    u = operator.predict(mesh).point_data["u"]
    cut = replace(mesh, points=np.where(mesh.points[:, :1] > 0.4, mesh.points - [1.0, 0.0], mesh.points))
    graph, other = operator.graph(mesh), operator.graph(mesh)
    other.pos = torch.from_numpy(cut.points)  # the same edges, with ends that stand a period apart
    assert (operator(graph) - operator(other)).abs().max() < 1e-12
    operator.float().save(tmp_path / "m.safetensors")
    loaded = Operator.load(tmp_path / "m.safetensors")
    assert loaded.geometry.period == (1.0, 1.0)
    assert np.allclose(loaded.predict(mesh).point_data["u"], u, atol=1e-5)


def test_the_period_is_that_of_the_dataset_and_its_faces_are_no_boundary(tmp_path: Path) -> None:
    with DatasetWriter(
        tmp_path / "d.h5", [FieldSpec("a"), FieldSpec("u", role="target")], attributes={"period": "1,1"}
    ) as writer:
        writer.append(grid().with_data({"a": grid().points[:, 0], "u": grid().points[:, 1]}), split="train")
    with MeshDataset(tmp_path / "d.h5") as dataset:
        operator = Operator.from_dataset(dataset, "mgkn", width=4, geometry={"levels": 2})
        assert operator.geometry.period == (1.0, 1.0)
        assert operator.geometry.features == ()
        assert operator.network.arguments["kernel"]["period"] == [1.0, 1.0]
        assert Operator.from_dataset(dataset, "gkn", width=4, geometry={"period": []}).geometry.period == ()
        on_mesh = Operator.from_dataset(dataset, "meshgraphnet", width=4)
        with pytest.raises(ConfigError, match=r"edges end at the faces.*radius"):
            on_mesh.graph(dataset[0].mesh)
    with pytest.raises(ConfigError, match="points in 2-D need 2 lengths"):
        Geometry(2, (), (0.1,), period=(1.0,))
