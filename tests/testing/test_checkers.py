"""The checkers pass what obeys a law and catch what breaks it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import Diffusion, Dirichlet, Neumann
from gno.graph import mesh_graph
from gno.graph.build import edge_offset
from gno.graph.data import GraphData
from gno.mesh import Mesh, cell_volume, shapes
from gno.ops import segment_sum
from gno.testing import (
    assert_conservative,
    assert_equivariant,
    assert_order,
    assert_resolution_invariant,
    observed_order,
)


@pytest.fixture
def graph() -> GraphData:
    torch.set_default_dtype(torch.float64)
    try:
        mesh = shapes.square(0.3, seed=1)
        return mesh_graph(mesh.with_data({"x": np.random.default_rng(0).normal(size=(mesh.num_points, 2))}))
    finally:
        torch.set_default_dtype(torch.float32)


def distances(graph: GraphData) -> Tensor:
    """Sum over neighbors, weighted by their distance."""
    return segment_sum(graph.x[graph.edge_index[0]] * graph.edge_attr[:, -1:], graph.edge_index[1], len(graph.x))


def rebuilt(graph: GraphData) -> GraphData:
    graph.edge_attr = edge_offset(graph.pos, graph.edge_index)
    return graph


def test_equivariance(graph: GraphData) -> None:
    before = graph.clone()
    for under in ("renumber", "translate", "rotate"):
        assert_equivariant(distances, graph, under=under, rebuild=rebuilt)
    assert all(torch.equal(graph[key], before[key]) for key in before.keys())  # noqa: SIM118 - PyG's data is no dict
    with pytest.raises(AssertionError, match="under rotate"):
        assert_equivariant(lambda g: g.pos[:, 0], graph, under="rotate")
    with pytest.raises(AssertionError, match="under translate"):
        assert_equivariant(lambda g: g.pos.norm(dim=1), graph, under="translate")
    with pytest.raises(AssertionError, match="under renumber"):
        assert_equivariant(lambda g: g.x * torch.arange(len(g.x))[:, None], graph)
    with pytest.raises(AssertionError, match="unknown"):
        assert_equivariant(distances, graph, under="shear")


def test_order() -> None:
    h = [0.2, 0.1, 0.05]
    error = [3 * x**2 * (1 + x) for x in h]
    assert observed_order(h, error) == pytest.approx(2.1, abs=0.1)
    assert_order(h, error, 2.0, at_most=0.01)
    with pytest.raises(AssertionError, match=r"order 2\.\d+ instead of 3"):
        assert_order(h, error, 3.0)
    with pytest.raises(AssertionError, match="finest"):
        assert_order(h, error, 2.0, at_most=1e-3)
    for wrong in ([0.0, 0.1, 0.2], [float("nan"), 0.1, 0.2], [0.1, 0.2]):
        with pytest.raises(ConfigError):
            observed_order(h, wrong)


def test_conservation() -> None:
    mesh = shapes.square(0.2)
    u = np.random.default_rng(1).normal(size=mesh.num_cells)
    change = cell_volume(mesh) * Diffusion(mesh, {"*": Neumann(0.0)}).residual(u, 1.0, 0.0).numpy()
    assert_conservative(change, tolerance=1e-10)
    leaking = cell_volume(mesh) * Diffusion(mesh, {"*": Dirichlet(0.0)}).residual(u, 1.0, 0.0).numpy()
    with pytest.raises(AssertionError, match="is lost"):
        assert_conservative(leaking, tolerance=1e-10)
    assert_conservative(
        np.array([[1.0, 2.0], [0.0, 1.0]]), boundary=np.array([[1.0, 1.0]]), source=np.array([0.0, 2.0])
    )
    with pytest.raises(AssertionError, match="component 0"):
        assert_conservative(np.array([np.nan, 1.0]))


def test_resolution() -> None:
    mesh = shapes.square(0.25)

    def with_input(m: Mesh) -> Mesh:
        return m.with_data({"a": np.sin(m.points[:, 0])})

    assert_resolution_invariant(lambda m: m.point_data["a"] ** 2, with_input, mesh, parts=3, tolerance=1e-12)
    with pytest.raises(AssertionError, match="differ by"):
        assert_resolution_invariant(lambda m: m.point_data["a"] * m.num_points, with_input, mesh)
