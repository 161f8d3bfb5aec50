"""Splits are disjoint, complete, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.datasets import overlap, random_split
from gno.datasets.splits import checked_splits, sample_numbers
from gno.errors import ConfigError


@given(num=st.integers(3, 200), train=st.floats(0.05, 0.9), valid=st.floats(0.01, 0.05), seed=st.integers(0, 99))
def test_every_sample_is_dealt_once_and_no_split_is_empty(num: int, train: float, valid: float, seed: int) -> None:
    shares = {"train": train, "valid": valid, "test": 1 - train - valid}
    parts = random_split(num, shares, seed=seed)
    together = np.concatenate(list(parts.values()))
    assert np.array_equal(np.sort(together), np.arange(num))
    for name, rows in parts.items():
        assert len(rows) >= 1
        assert (np.diff(rows) > 0).all()
        assert abs(len(rows) - shares[name] * num) <= 2
    again = random_split(num, shares, seed=seed)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)


def test_shares_below_one_leave_samples_out_and_seeds_differ() -> None:
    parts = random_split(100, {"train": 0.5, "test": 0.2})
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 50, "test": 20}
    assert not np.array_equal(parts["train"], random_split(100, {"train": 0.5, "test": 0.2}, seed=1)["train"])


@pytest.mark.parametrize(
    ("num", "shares", "says"),
    [
        (9, {"trian": 0.5}, "did you mean 'train'"),
        (9, {"train": 0.0}, "share 0.0"),
        (9, {"train": 0.7, "test": 0.7}, "sum to 1.4"),
        (1, {"train": 0.5, "test": 0.5}, "1 samples for 2 splits"),
    ],
)
def test_shares_that_cannot_be_are_refused(num: int, shares: dict[str, float], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        random_split(num, shares)


@pytest.mark.parametrize(
    ("splits", "says"),
    [
        ({"train": [0, 5]}, "sample 5; there are 5"),
        ({"train": [-1]}, "sample -1"),
        ({"train": [0, 1], "test": [1]}, "takes sample 1 again"),
        ({"train": [2, 2]}, "takes sample 2 again"),
        ({"dev": [0]}, "'dev' is unknown"),
    ],
)
def test_members_that_cannot_be_are_refused(splits: dict[str, list[int]], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        checked_splits(splits, 5)


def test_members_are_integers() -> None:
    assert sample_numbers([]).tolist() == []
    for wrong in (np.array([0.5]), np.array([True, False])):
        with pytest.raises(ConfigError, match="integers"):
            sample_numbers(wrong)


def test_overlap_counts_content_not_numbers() -> None:
    digests = [b"a", b"b", b"a", b"b", b"c"]
    assert overlap(digests, {"train": [0, 1], "valid": [2], "test": [3, 4]}) == 2
    assert overlap(digests, {"test": [0, 2]}) == 0
