"""Segment reductions equal a loop over the segments."""

from __future__ import annotations

import subprocess
import sys
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


def loop(reduce: Callable[[Tensor, Tensor, int], Tensor], values: Tensor, index: Tensor, num: int) -> Tensor:
    parts = [values[index == i] for i in range(num)]
    return torch.stack([REDUCTIONS[reduce](p) if len(p) else values.new_zeros(values.shape[1:]) for p in parts])


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
    torch.testing.assert_close(reduce(values, index, num), loop(reduce, values, index, num))


@every_reduction
@settings(deadline=None)
@given(seed=st.integers(0, 99))
def test_the_gradient_of_equal_values_is_that_of_the_loop(
    reduce: Callable[[Tensor, Tensor, int], Tensor], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-2, 1, (12, 2), generator=generator).double().requires_grad_()  # 0 and shared maxima
    index = torch.randint(4, (12,), generator=generator)
    upstream = torch.randn(5, 2, dtype=torch.float64, generator=generator)
    ours, theirs = (
        torch.autograd.grad((f * upstream).sum(), values)[0]
        for f in (reduce(values, index, 5), loop(reduce, values, index, 5))
    )
    torch.testing.assert_close(ours, theirs)


@every_reduction
def test_the_gradient_is_the_gradient_of_the_numbers(reduce: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    values = torch.linspace(-1, 1, 10, dtype=torch.float64).view(5, 2).requires_grad_()
    index = torch.tensor([2, 0, 0, 2, 3])
    assert torch.autograd.gradcheck(lambda v: reduce(v, index, 5), values)
    assert torch.autograd.gradgradcheck(lambda v: reduce(v, index, 5) ** 2, values)


@every_reduction
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_are_rounded_once(reduce: Callable[[Tensor, Tensor, int], Tensor], dtype: torch.dtype) -> None:
    values = torch.ones(1030, 1, dtype=dtype).requires_grad_()  # in bfloat16, 256 + 1 is 256
    index = (torch.arange(1030) >= 1024).long()
    result = reduce(values, index, 2)
    assert result.dtype == dtype
    assert torch.equal(result, loop(reduce, values.double(), index, 2).to(dtype))
    (gradient,) = torch.autograd.grad(result.sum(), values)
    (expected,) = torch.autograd.grad(loop(reduce, values.double(), index, 2).sum(), values)
    assert torch.equal(gradient, expected)


@every_reduction
def test_a_traced_graph_takes_other_sizes(reduce: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    class Reduction(torch.nn.Module):
        def forward(self, values: Tensor, index: Tensor) -> Tensor:
            return reduce(values, index, 5)

    any_size = {0: torch.export.Dim.DYNAMIC}
    example = torch.ones(12, 2), torch.arange(12) % 4
    traced = torch.export.export(Reduction(), example, dynamic_shapes=(any_size, any_size), strict=False).module()
    values, index = torch.linspace(-1, 1, 60).view(30, 2), torch.arange(30) % 5
    assert torch.equal(traced(values, index), reduce(values, index, 5))


COMPILED = """
import torch
from gno.ops import segment_max, segment_mean, segment_sum

values, index = torch.tensor([-1.0, 0, 0, -2, 3, 3]).view(-1, 1).requires_grad_(), torch.tensor([0, 1, 1, 0, 2, 0])
for reduce in (segment_sum, segment_mean, segment_max):
    compiled = torch.compile(lambda v, i: reduce(v, i, 5), fullgraph=True, backend="aot_eager")
    ours, theirs = compiled(values, index), reduce(values, index, 5)
    assert torch.equal(ours, theirs)
    assert torch.equal(*(torch.autograd.grad((y + y**2).sum(), values)[0] for y in (ours, theirs)))
"""


def test_they_compile_without_a_break() -> None:
    # in a process of its own: the checks of annotations, which tests run with, cannot be compiled
    subprocess.run([sys.executable, "-c", COMPILED], check=True)


@every_reduction
def test_a_batch_of_values_by_vmap(reduce: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    values, index = torch.linspace(-1, 1, 36, dtype=torch.float64).sin().view(3, 6, 2), torch.tensor([2, 0, 0, 2, 3, 1])
    expected = torch.stack([reduce(v, index, 5) for v in values])
    torch.testing.assert_close(torch.func.vmap(lambda v: reduce(v, index, 5))(values), expected)


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


@every_reduction
@pytest.mark.parametrize("dtype", [torch.int32, torch.float32])
def test_an_index_is_of_64_bit_integers(
    reduce: Callable[[Tensor, Tensor, int], Tensor], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(DataError, match=r"torch\.int64"):
        reduce(torch.ones(2, 2), torch.tensor([0, 1], dtype=dtype), 3)


@every_reduction
def test_no_segments_hold_no_values(reduce: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    assert reduce(torch.ones(0, 2), torch.zeros(0, dtype=torch.int64), 0).shape == (0, 2)
    with pytest.raises(DataError, match="there are 0 nodes"):
        reduce(torch.ones(1, 2), torch.tensor([0]), 0)
