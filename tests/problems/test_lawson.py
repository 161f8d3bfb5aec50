"""The integrating factor: order 4, of the state and of what is added up; what grows beyond bounds is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import SolverError
from gno.problems.lawson import Lawson, Semilinear, advance
from gno.testing import observed_order

LINEAR = torch.tensor([-1.0, -4.0], dtype=torch.float64)


def logistic(v: Tensor) -> tuple[Tensor, Tensor]:
    """Of v' = -l v + l v^2, and the sum of v."""
    return -LINEAR * v**2, v.real.sum()


def test_state_and_sums_are_of_order_four() -> None:
    start = torch.tensor([0.5, 0.25], dtype=torch.complex128)
    growth = np.exp(-LINEAR.numpy())
    exact = 0.5 / (0.5 + 0.5 * growth[0]), 0.25 / (0.25 + 0.75 * growth[1])
    total = -(np.log(0.5 / growth[0] + 0.5) + np.log(0.25 / growth[1] + 0.75) / 4)
    h, state_error, total_error = [], [], []
    for steps in (8, 16, 32):
        step, v, added = Lawson(LINEAR, logistic, 1.0 / steps), start, 0.0
        for _ in range(steps):
            v, more = step(v)
            added += float(more)
        h.append(1.0 / steps)
        state_error.append(float(np.abs(v.real.numpy() - exact).max()))
        total_error.append(abs(added - total))
    for error in (state_error, total_error):
        assert abs(observed_order(h, error) - Lawson.order) < 0.25
        assert error[-1] < 1e-7


def test_a_flow_that_becomes_quick_is_gone_through_again_by_smaller_steps() -> None:
    start, still = torch.ones(1, dtype=torch.complex128), torch.tensor([0.0], dtype=torch.float64)
    growth = Semilinear(still, lambda v: (3 * v, v.real.sum()), lambda v: float(v.abs().max()))
    found = advance(growth, start, 1.0, courant=0.5, longest=1.0)
    assert found.steps == 16
    assert 0.65 < found.courant <= 1.3
    assert float(found.state.real) == pytest.approx(np.exp(3), rel=1e-4)
    burst = growth._replace(speed=lambda v: 1.0 if float(v.abs().max()) < 2 else float("nan"))
    with pytest.raises(SolverError, match="grows beyond bounds in 2 steps"):
        advance(burst, start, 1.0, courant=0.5, longest=1.0)
