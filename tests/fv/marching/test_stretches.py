"""Derivatives through many steps: exact, within the memory that they may take."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.fv.marching import stretches
from gno.fv.marching.stretches import in_stretches

SIZE = 100
ALIVE: set[int] = set()


class Times(torch.autograd.Function):
    """A product whose results are counted as long as somebody keeps them."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, x: Tensor) -> Tensor:
        result = np.array(u.detach().numpy() * float(x))
        ALIVE.add(id(result))
        weakref.finalize(result, ALIVE.discard, id(result))
        ctx.save_for_backward(u, x)
        return torch.from_numpy(result)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        u, x = ctx.saved_tensors
        return grads[0] * x, (grads[0] * u).sum()


@pytest.mark.parametrize("steps", [1, 15, 16, 64, 65, 1000])
def test_states_kept_do_not_exceed_the_memory_that_is_allowed(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "MEMORY", 16 * 8 * SIZE)
    told: list[int] = []
    calls, x = 0, torch.tensor(1.001, dtype=torch.float64, requires_grad=True)

    def step(u: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return Times.apply(u, x)

    ALIVE.clear()
    start = torch.ones(SIZE, dtype=torch.float64)
    last = in_stretches(step, start, steps, told=lambda u: told.append(len(ALIVE)), kept=start.nbytes)
    assert len(told) == calls == steps
    assert len(ALIVE) <= 16 + 1
    assert max(told) <= 16 + 2
    (slope,) = torch.autograd.grad(last.sum(), x)
    assert float(slope) == pytest.approx(SIZE * steps * 1.001 ** (steps - 1), rel=1e-12)
    assert calls == steps if steps <= 16 else steps < calls <= 8 * steps
