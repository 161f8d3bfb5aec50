"""The guard of cells: its barrier, its gradient, the steps that it limits, the cells that it names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import ConfigError, MeshError
from gno.mesh import Mesh, cell_volume, shapes
from gno.nn import CellGuard

MESHES = {
    "triangles": shapes.square(0.3, seed=1),
    "quads": shapes.square(0.25, kind="quad"),
    "tets": shapes.cube(0.5),
    "mixed": Mesh(
        np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [2, 0.5]]),
        {"triangle": np.array([[1, 4, 2]]), "quad": np.array([[0, 1, 2, 3]])},
    ),
}


def points_of(mesh: Mesh) -> Tensor:
    return torch.tensor(mesh.points)


@pytest.mark.parametrize("name", MESHES)
def test_the_barrier_is_nought_under_rigid_motion_and_grows_otherwise(name: str) -> None:
    torch.manual_seed(0)
    mesh = MESHES[name]
    guard, x = CellGuard(mesh), points_of(mesh)
    q, _ = torch.linalg.qr(torch.randn(mesh.dim, mesh.dim).double())
    q = q if torch.linalg.det(q) > 0 else -q if mesh.dim == 3 else q[:, [1, 0]]
    assert float(guard(x @ q + 3.0)) == pytest.approx(0, abs=1e-10)
    assert float(guard(2 * x)) == pytest.approx(mesh.dim * (4 + 0.25) / 2 - mesh.dim)
    assert float(guard(x / 2)) == pytest.approx(mesh.dim * (4 + 0.25) / 2 - mesh.dim)


@pytest.mark.parametrize("name", MESHES)
def test_its_gradient_equals_central_differences(name: str) -> None:
    torch.manual_seed(0)
    guard, x = CellGuard(MESHES[name]), points_of(MESHES[name])
    moved = (x + 0.03 * torch.randn_like(x)).requires_grad_()
    assert torch.autograd.gradcheck(guard, moved)


def test_it_rises_without_bound_before_a_cell_is_flat() -> None:
    mesh = MESHES["mixed"]
    guard, x = CellGuard(mesh), points_of(mesh)
    heights = [1e-1, 1e-2, 1e-3]
    values = []
    for height in heights:
        flat = x.clone()
        flat[4, 0] = 1 + height
        values.append(float(guard(flat)))
    assert values[1] / values[0] > 50
    assert values[2] / values[1] == pytest.approx(100, rel=0.05)


@settings(deadline=None, max_examples=25)
@given(name=st.sampled_from(sorted(MESHES)), size=st.floats(0.01, 100.0), seed=st.integers(0, 2**16))
def test_no_step_however_long_turns_a_cell_over(name: str, size: float, seed: int) -> None:
    mesh, draw = MESHES[name], torch.Generator().manual_seed(seed)
    guard, x = CellGuard(mesh), points_of(mesh)
    for _ in range(3):
        moved = guard.limited(x, x + size * torch.randn(x.shape, generator=draw, dtype=torch.float64))
        assert float((guard.sizes(moved) / guard.sizes(x)).min()) >= 0.2 * (1 - 1e-12)
        x = moved
    volume = cell_volume(Mesh(x.numpy(), mesh.cells))
    assert (volume > 0).all()


def test_a_step_that_harms_no_cell_is_taken_whole_and_one_that_does_is_cut_where_it_does() -> None:
    mesh = shapes.square(0.1, kind="quad")
    guard, x = CellGuard(mesh), points_of(mesh)
    small = x + 1e-3 * torch.sin(7 * x)
    assert torch.equal(guard.limited(x, small), small)
    inner = int(torch.linalg.vector_norm(x - 0.5, dim=1).argmin())
    wild = small.clone()
    wild[inner] += 0.5
    out = guard.limited(x, wild)
    far = torch.linalg.vector_norm(x - x[inner], dim=1) > 0.3
    assert torch.equal(out[far], small[far])
    assert 0 < float((out[inner] - x[inner]).norm()) < 0.2


def test_the_cell_that_is_turned_over_is_named() -> None:
    mesh = MESHES["mixed"]
    guard, x = CellGuard(mesh), points_of(mesh)
    over = x.clone()
    over[4, 0] = 0.5
    for refused in (guard, guard.check, lambda bad: guard.limited(bad, x)):
        with pytest.raises(MeshError, match=r"cell 0 is turned over; a corner has -0.5 times"):
            refused(over)
    dented = x.clone()
    dented[0] = torch.tensor([0.8, 0.8])
    with pytest.raises(MeshError, match="cell 1 is turned over"):
        guard.check(dented)
    with pytest.raises(MeshError, match="node 3 would move to a place that is not finite"):
        guard.limited(x, x.index_fill(0, torch.tensor([3]), torch.nan))


def test_what_cannot_be_guarded_is_refused() -> None:
    with pytest.raises(ConfigError, match="share is 1"):
        CellGuard(MESHES["quads"], share=1.0)
    with pytest.raises(MeshError, match="no cells"):
        CellGuard(Mesh(np.zeros((3, 2)), {}))
    prism = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]])
    with pytest.raises(MeshError, match="type 'wedge' cannot be guarded; only triangle, quad, tetra can"):
        CellGuard(Mesh(prism, {"wedge": np.array([[0, 1, 2, 3, 4, 5]])}))
    dented = np.array([[0.7, 0.7], [1, 0], [1, 1], [0, 1]])
    with pytest.raises(MeshError, match="cell 0 is inverted, flat or not convex"):
        CellGuard(Mesh(dented, {"quad": np.array([[0, 1, 2, 3]])}))
