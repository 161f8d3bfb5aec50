"""Segment reductions equal a loop over the segments."""

from collections.abc import Callable

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import DataError
from gno.ops import segment_max, segment_mean, segment_sum

REDUCTIONS: dict[Callable[[Tensor, Tensor, int], Tensor], Callable[[Tensor], Tensor]] = {
    segment_sum: lambda part: part.sum(0),
    segment_mean: lambda part: part.mean(0),
    segment_max: lambda part: part.amax(0),
}
every_reduction = pytest.mark.parametrize("reduce", REDUCTIONS)


@every_reduction
@settings(deadline=None)  # the first call imports
@given(
    num=st.integers(1, 6), edges=st.integers(0, 20), shape=st.sampled_from([(), (3,), (2, 3)]), seed=st.integers(0, 99)
)
def test_equals_a_loop_and_gives_zero_where_nothing_is(
    reduce: Callable[[Tensor, Tensor, int], Tensor], num: int, edges: int, shape: tuple[int, ...], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(edges, *shape, dtype=torch.float64, generator=generator) - 3
    index = torch.randint(num, (edges,), generator=generator)
    expected = torch.zeros(num, *shape, dtype=torch.float64)
    for i in range(num):
        if (index == i).any():
            expected[i] = REDUCTIONS[reduce](values[index == i])
    torch.testing.assert_close(reduce(values, index, num), expected)


@every_reduction
def test_the_gradient_is_the_gradient_of_the_numbers(reduce: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    values = torch.linspace(-1, 1, 10, dtype=torch.float64).view(5, 2).requires_grad_()
    index = torch.tensor([2, 0, 0, 2, 3])
    assert torch.autograd.gradcheck(lambda v: reduce(v, index, 5), values)


@every_reduction
@pytest.mark.parametrize("bad", [-1, 3, 50_000_000])
def test_an_index_out_of_range_never_reaches_a_kernel(
    reduce: Callable[[Tensor, Tensor, int], Tensor], bad: int
) -> None:
    with pytest.raises(DataError, match=f"refers to node {bad}"):
        reduce(torch.ones(2), torch.tensor([0, bad]), 3)


@every_reduction
def test_one_index_a_value(reduce: Callable[[Tensor, Tensor, int], Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    with pytest.raises(DataError, match="there are 2 values"):
        reduce(torch.ones(2, 2), torch.tensor([[0, 1]]).view(-1)[:1], 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_thousand_values_of_half_precision_are_added_up_without_loss(dtype: torch.dtype) -> None:
    """In bfloat16 itself 256 + 1 is 256; in float16 2048 + 1 is 2048."""
    index = torch.zeros(4096, dtype=torch.int64)
    values = torch.ones(4096, dtype=dtype, requires_grad=True)
    total, mean = segment_sum(values, index, 2), segment_mean(values, index, 2)
    assert total.dtype == mean.dtype == dtype
    assert total.tolist() == [4096, 0]
    assert mean.tolist() == [1, 0]
    mean.sum().backward()
    assert values.grad.tolist() == [1 / 4096] * 4096
