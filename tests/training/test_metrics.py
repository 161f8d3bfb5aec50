"""Errors of fields: scale, batches, polynomials whose norms are known, fields that vanish."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gno.mesh import Mesh, cell_volume, shapes
from gno.mesh.simplices import SPLITS
from gno.training.gradient import SimplexGradient
from gno.training.losses import LOSSES, nodal_loss
from gno.training.metrics import relative_h1, relative_l2, relative_maximum, rmse_minmax

F64 = torch.float64
CELLS = {
    "triangle": [[0, 0], [2, 0], [0, 1]],
    "quad": [[0, 0], [2, 0], [2, 1], [0, 1]],
    "tetra": [[0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]],
    "pyramid": [[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0], [1, 0.5, 2]],
    "wedge": [[0, 0, 0], [0, 1, 0], [2, 0, 0], [0, 0, 1], [0, 1, 1], [2, 0, 1]],
    "hexahedron": [[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0], [0, 0, 3], [2, 0, 3], [2, 1, 3], [0, 1, 3]],
}


def cell(kind: str) -> Mesh:
    return Mesh(np.array(CELLS[kind], dtype=np.float64), {kind: np.arange(len(CELLS[kind]))[None]})


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), seed=st.integers(0, 99), components=st.integers(0, 3))
def test_a_batch_equals_its_graphs_one_by_one(sizes: list[int], seed: int, components: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    shape = (sum(sizes), *[components] * bool(components))
    u, v = (torch.randn(shape, generator=generator, dtype=F64) for _ in range(2))
    weight = torch.rand(sum(sizes), generator=generator, dtype=F64)
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    for g, part in enumerate(torch.split(torch.arange(sum(sizes)), sizes)):
        square = (weight[part] * (v - u)[part].square().reshape(len(part), -1).sum(1)).sum()
        size = (weight[part] * u[part].square().reshape(len(part), -1).sum(1)).sum()
        found = relative_l2(v, u, weight, batch, len(sizes))[g]
        torch.testing.assert_close(found, (square / size).sqrt())
        torch.testing.assert_close(relative_maximum(v, u, batch, len(sizes))[g], relative_maximum(v[part], u[part])[0])


def test_errors_do_not_depend_on_units() -> None:
    mesh = shapes.square(0.3, seed=1)
    large = Mesh(mesh.points * 1e3, mesh.cells)
    u = torch.from_numpy(np.sin(3 * mesh.points[:, 0]))
    v = u + 0.1 * torch.from_numpy(mesh.points[:, 1])
    one = torch.ones(len(u), dtype=F64)
    torch.testing.assert_close(relative_l2(v, u, one), relative_l2(1e6 * v, 1e6 * u, 1e-6 * one))
    torch.testing.assert_close(relative_maximum(v, u), relative_maximum(1e6 * v, 1e6 * u))
    for units in (1e-30, 1e30):  # whose squares single precision does not hold
        one32, u32, v32 = one.float(), (units * u).float(), (units * v).float().requires_grad_()
        torch.testing.assert_close(relative_l2(v32, u32, one32).double(), relative_l2(v, u, one), rtol=1e-5, atol=0)
        torch.testing.assert_close(relative_maximum(v32, u32).double(), relative_maximum(v, u), rtol=1e-5, atol=0)
        relative_l2(v32, u32, one32).sum().backward()
        assert bool((v32.grad != 0).any())
    small = relative_h1(v, u, SimplexGradient.of(mesh, F64))
    torch.testing.assert_close(small, relative_h1(1e6 * v, 1e6 * u, SimplexGradient.of(large, F64)))


@pytest.mark.parametrize("kind", SPLITS)
def test_the_gradient_of_a_linear_field_is_exact_and_the_simplices_fill_the_cell(kind: str) -> None:
    mesh = cell(kind)
    slope = torch.arange(1.0, mesh.dim + 1, dtype=F64)
    gradient = SimplexGradient.of(mesh, F64)
    found = gradient(torch.from_numpy(mesh.points) @ slope)
    torch.testing.assert_close(found, slope.expand_as(found))
    assert float(gradient.volume.sum()) == pytest.approx(float(np.abs(cell_volume(mesh)).sum()), rel=1e-12)


def test_the_h1_error_of_a_smooth_field_is_that_of_its_derivatives() -> None:
    mesh = shapes.square(0.02, kind="structured")
    x, y = torch.from_numpy(mesh.points).T
    u, e = torch.sin(np.pi * x) * torch.sin(np.pi * y), 0.1 * torch.sin(2 * np.pi * x) * torch.sin(np.pi * y)
    # |grad u|^2 integrates to pi^2 / 2, |grad e|^2 to 0.01 * 5 pi^2 / 4.
    assert float(relative_h1(u + e, u, SimplexGradient.of(mesh, F64))) == pytest.approx(0.1 * 2.5**0.5, rel=2e-3)


def test_fields_that_vanish_give_absolute_errors_and_finite_gradients() -> None:
    mesh = shapes.square(0.4)
    weight = torch.ones(mesh.num_points, dtype=F64)
    zero, half = 0 * weight, 0.5 * weight
    gradient = SimplexGradient.of(mesh, F64)
    assert float(relative_l2(half, zero, weight)) == pytest.approx(0.5)
    assert float(relative_maximum(half, zero)) == pytest.approx(0.5)
    assert float(relative_h1(zero, half, gradient)) < 1e-12
    assert float(relative_h1(half * 1e9, half * 1e9 + 1e-3, gradient)) < 1.0
    for loss in LOSSES.values():
        for truth in (zero, half):
            v = truth.clone().requires_grad_()
            value = loss(v, truth, weight, torch.zeros(len(v), dtype=torch.int64), 1).sum()
            value.backward()
            assert float(value.detach()) < 1e-100
            assert v.grad is not None
            assert bool(torch.isfinite(v.grad).all())


def test_simplices_without_volume_are_left_out() -> None:
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1]])
    gradient = SimplexGradient.of(Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 1, 3]])}), F64)
    assert len(gradient.volume) == 1


def test_to_the_nodal_loss_every_node_is_one_and_only_the_variation_counts() -> None:
    torch.manual_seed(0)
    batch, weight = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([1e-6, 1.0, 3.0, 1.0, 0.0, 2.0])
    u, v = torch.randn(6, 2).double(), torch.randn(6, 2).double()
    found = nodal_loss(v, u, weight, batch, 2)
    for graph, rows in ((0, [0, 1, 2]), (1, [3, 5])):
        expected = (v[rows] - u[rows]).square().sum() / (u[rows] - u[rows].mean(0)).square().sum()
        assert found[graph] == pytest.approx(float(expected))
    assert torch.allclose(nodal_loss(7 * v + 100, 7 * u + 100, weight, batch, 2), found)
    flat = torch.full((6,), 2.0).double()
    assert nodal_loss(flat + 1, flat, weight, batch, 2).tolist() == pytest.approx([0.25, 0.25])
    assert nodal_loss(0 * flat, 0 * flat, weight, batch, 2).tolist() == [0, 0]
    prediction = flat.clone().requires_grad_()
    nodal_loss(prediction, flat, weight, batch, 2).sum().backward()
    assert prediction.grad is not None
    assert prediction.grad.tolist() == [0] * 6


def test_the_scaled_rmse_is_that_of_scaled_fields_in_any_units() -> None:
    generator = torch.Generator().manual_seed(5)
    u, v = (torch.randn(40, 3, generator=generator, dtype=F64) for _ in range(2))
    low, high = u.amin(0), u.amax(0)
    scaled = [2 * (x - low) / (high - low) - 1 for x in (u, v)]
    assert float(scaled[0].abs().amax()) == pytest.approx(1.0)
    error = rmse_minmax(v, u, low, high)
    assert float(error) == pytest.approx(float((scaled[1] - scaled[0]).norm() / 120**0.5), rel=1e-12)
    unit, zero = torch.tensor([1e5, 3.0, 1e-7], dtype=F64), torch.tensor([0.0, 7.0, 1e-6], dtype=F64)
    other = rmse_minmax(*(x * unit + zero for x in (v, u, low, high)))
    assert float(other) == pytest.approx(float(error), rel=1e-9)
    assert float(rmse_minmax(u, u, low, high)) == 0
    shift = torch.tensor([0.0, 0.0, 2.0], dtype=F64)
    assert float(rmse_minmax(u + shift, u, low, low)) == pytest.approx((4 / 3) ** 0.5)  # no range to divide by
