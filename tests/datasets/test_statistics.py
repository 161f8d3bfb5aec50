"""Statistics gathered sample by sample equal numpy's over all values at once, and know the training split only."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.datasets import MeshDataset
from gno.datasets.statistics import RunningStatistics
from gno.errors import DataError
from gno.mesh.mesh import Mesh


@given(
    rows=st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(any),
    components=st.integers(1, 3),
    shift=st.sampled_from([0.0, 1.0, 1e9, -1e-9, 1e30]),
    seed=st.integers(0, 99),
)
def test_equal_to_numpy_over_the_concatenation(rows: list[int], components: int, shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(n, components)) * max(abs(shift), 1) * 0.1 + shift for n in rows]
    running = RunningStatistics("u", components)
    for part in parts:
        running.update(part[:, 0] if components == 1 else part)
    whole, found = np.concatenate(parts), running.result()
    scale = np.abs(whole).max()
    np.testing.assert_allclose(found.mean, whole.mean(axis=0), rtol=1e-12, atol=1e-14 * scale)
    np.testing.assert_allclose(found.std, whole.std(axis=0), rtol=1e-7, atol=1e-14 * scale)
    np.testing.assert_array_equal(found.min, whole.min(axis=0))
    np.testing.assert_array_equal(found.max, whole.max(axis=0))
    assert found.count == sum(rows)
    if (whole > 0).all():
        assert found.log_mean is not None
        assert found.log_std is not None
        np.testing.assert_allclose(found.log_mean, np.log(whole).mean(axis=0), rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(found.log_std, np.log(whole).std(axis=0), rtol=1e-6, atol=1e-13)
    else:
        assert found.log_mean is None


def test_single_precision_and_huge_values_lose_nothing() -> None:
    running = RunningStatistics("p", 1)
    values = np.array([1e30, 3e30], dtype=np.float32)
    running.update(values)
    assert np.isclose(running.result().std[0], 1e30, rtol=1e-6)
    assert running.result().mean.dtype == np.float64


def test_values_whose_squares_overflow_are_refused() -> None:
    with pytest.raises(DataError, match="'u' has values up to 1e\\+200"):
        RunningStatistics("u", 1).update(np.array([1e200, -1e200]))
    with pytest.raises(DataError, match="no values"):
        RunningStatistics("u", 1).result()


def test_the_file_knows_the_training_split_only(file: Path, written: Callable[..., list[Mesh]]) -> None:
    training = written()[:5]
    with MeshDataset(file) as dataset:
        for spec in dataset.fields:
            whole = np.concatenate([spec.values(mesh).reshape(-1, spec.components) for mesh in training])
            whole = whole.astype(np.float64)
            found = dataset.statistics[spec.name]
            np.testing.assert_allclose(found.mean, whole.mean(axis=0), rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(found.std, whole.std(axis=0), rtol=1e-12)
            np.testing.assert_array_equal(found.max, whole.max(axis=0))
            assert found.count == len(whole)
        assert dataset.statistics["a"].log_std is not None
        assert dataset.statistics["u"].log_std is None
