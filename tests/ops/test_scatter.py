"""torch-scatter reduces segments as native torch does, where it is asked for, and never sees a wrong index."""

from __future__ import annotations

import builtins
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import jaxtyping
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.ops import scatter, segment_backend, segment_max, segment_mean, segment_sum

Reduction = Callable[[Tensor, Tensor, int], Tensor]
every_reduction = pytest.mark.parametrize("reduce", [segment_sum, segment_mean, segment_max])


class Library:
    """torch-scatter, or what stands in for it, with a count of its calls."""

    def __init__(self, library: Any) -> None:
        self.library, self.calls, self.cuda_version = library, 0, getattr(library, "cuda_version", -1)

    def segment_sum_csr(self, values: Tensor, offsets: Tensor) -> Tensor:
        self.calls += 1
        return self.library.segment_sum_csr(values, offsets)

    def segment_max_csr(self, values: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        return self.library.segment_max_csr(values, offsets)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library in place of torch-scatter that reduces nothing: what it is called for can be seen without it."""
    library = Library(
        SimpleNamespace(
            segment_sum_csr=lambda v, offsets: v.new_zeros(len(offsets) - 1, *v.shape[1:]),
            segment_max_csr=lambda v, offsets: (v.new_zeros(len(offsets) - 1, *v.shape[1:]), offsets),
        )
    )
    monkeypatch.setattr(scatter, "_torch_scatter", lambda: library)
    return library


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scatter, "_pays", lambda values: True)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, everywhere: None) -> Iterator[Library]:
    """torch-scatter itself, used for values of any size."""
    library = Library(pytest.importorskip("torch_scatter"))
    monkeypatch.setattr(scatter, "_torch_scatter", lambda: library)
    with segment_backend("torch_scatter"):
        yield library


def native(reduce: Reduction, values: Tensor, index: Tensor, num: int) -> Tensor:
    with segment_backend("torch"):
        return reduce(values, index, num)


def test_a_backend_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ConfigError, match="no segment backend 'numpy'"), segment_backend("numpy"):
        pass


def test_importing_the_operations_does_not_import_it() -> None:
    subprocess.run([sys.executable, "-c", "import gno.ops, sys; assert 'torch_scatter' not in sys.modules"], check=True)


@pytest.mark.parametrize("error", [ImportError("absent"), OSError("undefined symbol"), RuntimeError("other CUDA")])
def test_what_cannot_be_loaded_is_told_once_and_not_used(
    error: Exception, everywhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "torch_scatter":
            raise error
        return imports(name, *args, **kwargs)

    imports = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", fails)
    scatter._torch_scatter.cache_clear()
    values, index = torch.ones(3, 8), torch.tensor([0, 0, 1])
    with segment_backend("torch_scatter"):
        with pytest.warns(UserWarning, match=f"native torch is used: {error}"):
            assert torch.equal(segment_sum(values, index, 2), native(segment_sum, values, index, 2))
        segment_sum(values, index, 2)  # here a second warning would be an error
    scatter._torch_scatter.cache_clear()


@pytest.mark.parametrize(
    ("rows", "width", "used"),
    [(100_000, 8, 1), (100_000, 15, 1), (100_000, 7, 0), (100_000, 16, 0), (99_999, 8, 0)],
)
@pytest.mark.parametrize("reduce", [segment_sum, segment_max])
def test_it_is_used_where_it_measures_faster(
    stand_in: Library, reduce: Reduction, rows: int, width: int, used: int
) -> None:
    values, index = torch.ones(1, width).expand(rows, width), torch.zeros(rows, dtype=torch.int64)
    reduce(values, index, 1)
    assert stand_in.calls == 0  # it was not asked for
    with segment_backend("torch_scatter"):
        reduce(values, index, 1)
    assert stand_in.calls == used
    reduce(values, index, 1)
    assert stand_in.calls == used


def test_the_choice_is_of_one_thread(stand_in: Library, everywhere: None) -> None:
    values, index = torch.ones(3, 8), torch.tensor([0, 0, 1])
    with segment_backend("torch_scatter"):
        other = threading.Thread(target=segment_sum, args=(values, index, 2))
        other.start()
        other.join()
        assert stand_in.calls == 0
        segment_sum(values, index, 2)
        assert stand_in.calls == 1


@every_reduction
@pytest.mark.parametrize(
    ("index", "num"),
    [
        ([0, 3], 3),
        ([-1, 0], 3),
        ([0, 50_000_000], 3),
        ([0, 0], 0),
        ([0], 3),
        ([0, 1, 2], 3),
        ([[0, 1]], 3),
        ([0.0, 1.0], 3),
    ],
)
def test_it_never_sees_a_wrong_index(
    stand_in: Library, everywhere: None, reduce: Reduction, index: Any, num: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    with segment_backend("torch_scatter"), pytest.raises(DataError):
        reduce(torch.ones(2, 8), torch.tensor(index), num)
    assert stand_in.calls == 0


def test_its_own_door_is_guarded_too(stand_in: Library, everywhere: None) -> None:
    # on an accelerator the public functions leave the index to native torch, which asserts on the device
    with segment_backend("torch_scatter"):
        for reduce in (scatter.total, scatter.largest):
            with pytest.raises(DataError, match="refers to node 3"):
                reduce(torch.ones(2, 8), torch.tensor([0, 3]), 3)
    assert stand_in.calls == 0


@every_reduction
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    num=st.integers(1, 6),
    rows=st.integers(0, 20),
    shape=st.sampled_from([(), (8,), (2, 3)]),
    seed=st.integers(0, 99),
    ordered=st.booleans(),
)
def test_values_and_gradients_are_those_of_native_torch(
    installed: Library, reduce: Reduction, num: int, rows: int, shape: tuple[int, ...], seed: int, ordered: bool
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-3, 2, (rows, *shape), generator=generator).double().requires_grad_()  # shared maxima
    index = torch.randint(num, (rows,), generator=generator)
    index = index.sort().values if ordered else index
    before = installed.calls
    ours, theirs = reduce(values, index, num), native(reduce, values, index, num)
    assert (installed.calls > before) == bool((index.diff() >= 0).all())
    torch.testing.assert_close(ours, theirs)
    upstream = torch.randn(ours.shape, dtype=torch.float64, generator=generator)
    torch.testing.assert_close(*(torch.autograd.grad((y * upstream).sum(), values)[0] for y in (ours, theirs)))


@every_reduction
def test_its_gradients_are_those_of_the_numbers_twice(installed: Library, reduce: Reduction) -> None:
    values = torch.linspace(-1, 1, 10, dtype=torch.float64).view(5, 2).requires_grad_()
    index = torch.tensor([0, 0, 2, 2, 3])
    assert torch.autograd.gradcheck(lambda v: reduce(v, index, 5), values)
    assert torch.autograd.gradgradcheck(lambda v: reduce(v, index, 5) ** 2, values)
    assert installed.calls > 0


@every_reduction
@pytest.mark.parametrize("special", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_stays_so(installed: Library, reduce: Reduction, special: float) -> None:
    values = torch.tensor([[special, 1.0], [2.0, special], [special, special], [0.0, 1.0]])
    index = torch.tensor([0, 0, 1, 3])
    ours, theirs = reduce(values, index, 4), native(reduce, values, index, 4)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)


@every_reduction
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_types_and_layouts(installed: Library, reduce: Reduction, dtype: torch.dtype) -> None:
    values = (torch.arange(2060) % 7).to(dtype).view(2, 1030).mT  # not contiguous
    index = (torch.arange(1030) >= 1024).long()
    ours, theirs = reduce(values, index, 3), native(reduce, values, index, 3)
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, theirs)
    assert installed.calls > 0


@every_reduction
def test_nothing_to_reduce(installed: Library, reduce: Reduction) -> None:
    none = torch.zeros(0, dtype=torch.int64)
    assert torch.equal(reduce(torch.ones(0, 8), none, 3), torch.zeros(3, 8))
    assert reduce(torch.ones(0, 8), none, 0).shape == (0, 8)
    assert reduce(torch.ones(2, 0), torch.tensor([0, 1]), 3).shape == (3, 0)


@pytest.mark.gpu
@every_reduction
def test_a_gpu_reduces_the_same_and_checks_first(installed: Library, reduce: Reduction) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    values, index = torch.linspace(-1, 1, 10).view(5, 2).cuda(), torch.tensor([0, 0, 2, 2, 3]).cuda()
    torch.testing.assert_close(reduce(values, index, 5), native(reduce, values, index, 5))
    with pytest.raises(DataError, match="refers to node 3"):
        reduce(values, index, 3)
