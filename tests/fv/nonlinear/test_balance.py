"""The Jacobian that is composed of blocks is the derivative of the residual."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from gno.fv.linear.coloring import color, colored_jacobian
from gno.fv.nonlinear.jacobian import local_derivatives
from tests.fv.plain_grid import Diffusion, Nonsense

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize(("components", "dim"), [(1, 0), (1, 2), (2, 2), (3, 3), (3, 0)])
def test_jacobian_of_any_fluxes(components: int, dim: int) -> None:
    balance, theta = Nonsense(7, 9, 5, components, dim), torch.tensor(0.7)
    u = torch.randn(7, components)
    values, pattern = balance.jacobian(u, theta)
    size = 7 * components
    dense = torch.zeros(size, size).index_put((pattern.row, pattern.col), values)
    exact = torch.autograd.functional.jacobian(lambda u: balance.residual(u, theta), u).reshape(size, size)
    assert float((dense - exact).abs().max()) < 1e-13 * float(exact.abs().max())
    colors = color(pattern)
    oracle = colored_jacobian(lambda u: balance.residual(u, theta), u, pattern, colors)
    assert float((values - oracle).abs().max()) < 1e-13 * float(exact.abs().max())


def test_jacobian_of_diffusion_needs_few_colors() -> None:
    balance = Diffusion(12)
    theta, u = {"f": torch.randn(144), "g": torch.randn(48)}, torch.randn(144, 1)
    values, pattern = balance.jacobian(u, theta)
    colors = color(pattern)
    oracle = colored_jacobian(lambda u: balance.residual(u, theta), u, pattern, colors)
    assert float((values - oracle).abs().max()) < 1e-13 * float(values.abs().max())
    assert int(colors.max()) < 40


def test_colors_keep_columns_apart() -> None:
    _, pattern = Nonsense(9, 12, 4, 2, 2).jacobian(torch.randn(9, 2), torch.tensor(1.0))
    colors = color(pattern)
    seen = torch.stack([pattern.row, colors[pattern.col]])
    assert torch.unique(seen, dim=1).shape[1] == len(pattern.row)


def test_first_order_jacobian_holds_the_gradients() -> None:
    balance, theta, u = Nonsense(7, 9, 5, 2, 2), torch.tensor(0.7), torch.randn(7, 2)
    values, pattern = balance.jacobian(u, theta, first_order=True)
    full_values, full = balance.jacobian(u, theta)
    coefficient, offset = balance.slope
    # a state whose gradients do not change: no coefficient, but the same gradients as a fixed offset
    frozen = torch.zeros(7, 2, 2).index_add(
        0, balance.stencil.row, 0.7 * coefficient * u[balance.stencil.col][..., None]
    )
    balance.slope = (torch.zeros_like(coefficient), offset + frozen)
    rows = torch.autograd.functional.jacobian(lambda u: balance.residual(u, theta), u).reshape(14, 14)
    dense = torch.zeros(14, 14).index_put((pattern.row, pattern.col), values)
    assert float((dense - rows).abs().max()) < 1e-13
    assert len(values) < len(full_values) == len(full.row)


def test_what_leaves_a_cell_enters_another() -> None:
    balance, u = Diffusion(6), torch.randn(36, 1)
    theta = {"f": torch.zeros(36), "g": torch.randn(24)}
    leaving = balance.outer_flux(u[balance.border], balance.slopes(u, theta)[0][balance.border], theta)
    assert float(balance.residual(u, theta).sum() - leaving.sum()) == pytest.approx(0, abs=1e-12)


def test_samples_on_one_mesh_equal_the_loop() -> None:
    balance, u, theta = Diffusion(5), torch.randn(3, 25, 1), {"f": torch.randn(3, 25), "g": torch.randn(20)}
    values, _ = balance.jacobian(u, theta)
    residual = balance.residual(u, theta)
    for sample in range(3):
        alone = {"f": theta["f"][sample], "g": theta["g"]}
        assert torch.allclose(residual[sample], balance.residual(u[sample], alone), atol=1e-14)
        assert torch.allclose(values[sample], balance.jacobian(u[sample], alone)[0], atol=1e-14)


def test_derivatives_of_the_residual() -> None:
    balance = Diffusion(3)
    u, f, g = (torch.randn(*shape, requires_grad=True) for shape in ((9, 1), (9,), (12,)))
    assert torch.autograd.gradcheck(lambda u, f, g: balance.residual(u, {"f": f, "g": g}), (u, f, g))
    assert torch.autograd.gradgradcheck(lambda u, f, g: balance.residual(u, {"f": f, "g": g}), (u, f, g))


def test_a_stencil_without_a_gradient_is_refused() -> None:
    balance = Diffusion(3)
    with pytest.raises(NotImplementedError, match="no gradient"):
        super(Diffusion, balance).gradient({})


def test_blocks_leave_nothing_behind() -> None:
    seen = []

    def root(u: torch.Tensor) -> torch.Tensor:
        result = (1 + u**2).sqrt()  # saves its result for its own derivative
        seen.append(weakref.ref(result))
        return result

    gc.collect()
    gc.disable()
    try:
        local_derivatives(root, torch.ones(4, 2, dtype=torch.float64), trailing=(1,))
        assert seen[0]() is None
    finally:
        gc.enable()
