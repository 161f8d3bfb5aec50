"""The limiter lies in Sweby's region, is symmetric where it must be, and has a continuous derivative."""

from __future__ import annotations

import pytest
import torch

from gno.fv.reconstruction.limiter import smooth_limiter

pytestmark = pytest.mark.usefixtures("double")


def test_sweby_region() -> None:
    ratio = torch.linspace(-5, 20, 2001)
    phi = (1 + ratio) / 2 * smooth_limiter(ratio, torch.ones(2001), 1e-9)
    assert (phi >= 0).all()
    assert (phi <= torch.minimum(2 * ratio.clamp(min=0), torch.tensor(2.0)) + 1e-12).all()


def test_order_is_kept_where_the_field_is_smooth() -> None:
    h = torch.tensor([0.1, 0.05, 0.025])
    lost = 1 - smooth_limiter(1 - h, 1 + h, 1e-9)
    assert (lost[:-1] / lost[1:]).log2().tolist() == pytest.approx([4, 4], abs=0.1)


def test_derivative_is_continuous() -> None:
    behind = torch.linspace(-2, 2, 4001, requires_grad=True)
    (slope,) = torch.autograd.grad(smooth_limiter(behind, torch.ones(4001), 1e-3).sum(), behind)
    assert float(slope.diff().abs().max()) < 0.05  # a step of 0.001, curvature below 50
    pair = torch.randn(2, 5).unbind(0)
    assert torch.autograd.gradcheck(lambda a, b: smooth_limiter(a, b, 1e-2), [t.clone().requires_grad_() for t in pair])


def test_small_differences_are_not_limited() -> None:
    assert float(smooth_limiter(torch.tensor(1e-8), torch.tensor(-1e-8), 1e-3)) == pytest.approx(1)
