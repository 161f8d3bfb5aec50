"""Interpolation by the nearest points: the double loop, gradients, motions, what coincides, what is refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.nn import NearestInterpolation

pytestmark = pytest.mark.usefixtures("double")


def looped(values: Tensor, sources: Tensor, targets: Tensor, k: int) -> Tensor:
    rows = []
    for y in targets:
        near = sorted(range(len(sources)), key=lambda j: float((y - sources[j]).square().sum()))[:k]
        weight = [1 / float((y - sources[j]).square().sum()) for j in near]
        rows.append(sum(w * values[j] for w, j in zip(weight, near)) / sum(weight))
    return torch.stack(rows)


def drawn(dim: int = 2, sources: int = 12, targets: int = 30) -> tuple[Tensor, Tensor, Tensor]:
    return torch.randn(sources, 4), torch.rand(sources, dim), torch.rand(targets, dim)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("k", [1, 3, 50])
def test_equals_the_double_loop_and_takes_all_sources_where_there_are_fewer(dim: int, k: int) -> None:
    values, sources, targets = drawn(dim)
    assert (NearestInterpolation(k)(values, sources, targets) - looped(values, sources, targets, k)).abs().max() < 1e-12


def test_gradients_in_values_and_both_sets_of_points_equal_central_differences() -> None:
    given = [x.requires_grad_() for x in drawn(sources=6, targets=5)]
    assert torch.autograd.gradcheck(NearestInterpolation(3), tuple(given), eps=1e-7, atol=1e-6)


def test_constants_are_exact_and_values_stay_between_those_of_the_sources() -> None:
    values, sources, targets = drawn()
    layer = NearestInterpolation(3)
    assert (layer(torch.full_like(values, 7.5), sources, targets) - 7.5).abs().max() < 1e-14
    out = layer(values, sources, targets)
    assert (out <= values.amax(0) + 1e-12).all()
    assert (out >= values.amin(0) - 1e-12).all()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_target_at_a_source_takes_its_value_whatever_the_units_and_its_gradient_is_nought(scale: float) -> None:
    values, sources, _ = drawn()
    targets = (scale * sources).clone().requires_grad_()
    out = NearestInterpolation(3)(values, scale * sources, targets)
    assert (out - values).abs().max() < 1e-12
    out.sum().backward()
    assert targets.grad is not None
    assert targets.grad.abs().max() * scale < 1e-7


def test_sources_in_one_place_share_a_target() -> None:
    values = torch.tensor([[1.0], [2.0], [6.0]])
    here, layer = torch.zeros(3, 2), NearestInterpolation(3)
    assert layer(values, here, torch.zeros(1, 2)).item() == pytest.approx(3.0)
    assert layer(values, here, torch.ones(1, 2)).item() == pytest.approx(3.0)
    two = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert layer(values, two, torch.zeros(1, 2)).item() == pytest.approx(1.5)


def test_near_to_a_source_the_error_falls_with_the_square_of_the_distance() -> None:
    values, sources, _ = drawn()
    error = [(NearestInterpolation(3)(values, sources, sources + h) - values).abs().max() for h in (1e-2, 1e-3)]
    assert 50 < float(error[0] / error[1]) < 200


def test_motions_units_and_numbering_change_nothing() -> None:
    values, sources, targets = drawn()
    layer = NearestInterpolation(3)
    out, (q, _) = layer(values, sources, targets), torch.linalg.qr(torch.randn(2, 2))
    moved = [3e-4 * (x @ q) + torch.tensor([5.0, -2.0]) for x in (sources, targets)]
    assert (layer(values, *moved) - out).abs().max() < 1e-8
    order, other = torch.randperm(len(sources)), torch.randperm(len(targets))
    assert (layer(values[order], sources[order], targets[other]) - out[other]).abs().max() < 1e-13


def test_samples_with_fields_of_their_own_equal_each_alone() -> None:
    _, sources, targets = drawn()
    values, batch = torch.randn(3, len(sources), 4), torch.randint(3, (len(targets),))
    layer = NearestInterpolation(3)
    out = layer(values, sources, targets, batch)
    alone = torch.stack([layer(v, sources, targets) for v in values])[batch, torch.arange(len(targets))]
    assert (out - alone).abs().max() < 1e-14


def test_what_cannot_be_is_refused() -> None:
    values, sources, targets = drawn()
    with pytest.raises(ConfigError, match="k is 0"):
        NearestInterpolation(0)
    with pytest.raises(DataError, match="there are no sources"):
        NearestInterpolation(3)(values[:0], sources[:0], targets)
    with pytest.raises(DataError, match=r"values have shape \(1, 12, 4\); batch says"):
        NearestInterpolation(3)(values[None], sources, targets)
    with pytest.raises(DataError, match=r"target point 2 is \[nan"):
        NearestInterpolation(3)(
            values, sources, torch.full_like(targets, 1.0).index_fill(0, torch.tensor([2]), torch.nan)
        )
