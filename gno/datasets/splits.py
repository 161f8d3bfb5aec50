"""Which samples train, which validate, which test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

from gno.datasets.naming import suggestion
from gno.errors import ConfigError

SPLITS = ("train", "valid", "test")
"""Names of the splits."""
Samples = Int[np.ndarray, "samples"]
"""Numbers of samples."""


def random_split(num_samples: int, fractions: Mapping[str, float], *, seed: int = 0) -> dict[str, Samples]:
    """Deal samples into disjoint splits at random.

    Args:
        num_samples: samples to deal.
        fractions: split to its share; shares that sum to less than 1 leave samples out.
        seed: seed of the shuffle.

    Returns:
        split to sample numbers; a split with a positive share gets a sample wherever there are enough.

    Raises:
        ConfigError: an unknown split, a negative share, shares beyond 1, or fewer samples than splits.

    Example:
        >>> {name: len(rows) for name, rows in random_split(10, {"train": 0.8, "test": 0.2}).items()}
        {'train': 8, 'test': 2}
    """
    for name, share in fractions.items():
        _check_name(name)
        if not 0 < share <= 1:
            raise ConfigError(f"split {name!r} has the share {share}", why="shares lie in (0, 1]")
    total = sum(fractions.values())
    if total > 1 + 1e-9:
        raise ConfigError(f"the shares sum to {total:.6g}", why="they must not exceed 1")
    if num_samples < len(fractions):
        raise ConfigError(f"{num_samples} samples for {len(fractions)} splits", why="each split needs one")
    ends = np.rint(np.cumsum(list(fractions.values())) * num_samples).astype(int)
    sizes = np.maximum(np.diff(ends, prepend=0), 1)
    while sizes.sum() > num_samples:
        sizes[np.argmax(sizes)] -= 1
    order = np.random.default_rng(seed).permutation(num_samples)
    parts = np.split(order, np.cumsum(sizes))
    return {name: np.sort(part) for name, part in zip(fractions, parts, strict=False)}


def checked_splits(splits: Mapping[str, Sequence[int] | np.ndarray], num_samples: int) -> dict[str, Samples]:
    """Splits as sorted arrays, refused where a sample is in two of them, twice in one, or not there.

    Args:
        splits: split to sample numbers.
        num_samples: samples in the dataset.

    Raises:
        ConfigError: what is said above, with the sample.
    """
    result, seen = {}, np.zeros(num_samples, dtype=bool)
    for name, members in splits.items():
        _check_name(name)
        rows = np.sort(sample_numbers(members))
        if len(rows) and (rows[0] < 0 or rows[-1] >= num_samples):
            worst = rows[0] if rows[0] < 0 else rows[-1]
            raise ConfigError(f"split {name!r} names sample {worst}", why=f"there are {num_samples} samples")
        twice = rows[seen[rows] | np.isin(rows, rows[1:][np.diff(rows) == 0])]
        if len(twice):
            raise ConfigError(f"split {name!r} takes sample {twice[0]} again", why="a sample is in one split, once")
        seen[rows] = True
        result[name] = rows
    return result


def sample_numbers(members: Sequence[int] | np.ndarray) -> Samples:
    """Numbers of samples as an array, in the order given.

    Args:
        members: integers.

    Raises:
        ConfigError: a mask, or numbers that are not integers.

    Example:
        >>> sample_numbers([4, 1])
        array([4, 1])
    """
    rows = np.asarray(members).reshape(-1)
    if len(rows) and rows.dtype.kind not in "iu":
        raise ConfigError(f"sample numbers are of type {rows.dtype}", why="they are integers, counted from 0")
    return rows.astype(np.int64)


def measured(splits: Mapping[str, Sequence[int] | np.ndarray], num_samples: int) -> Samples:
    """Samples that statistics are taken over: those of the train split, or all where it has none.

    Args:
        splits: split to sample numbers.
        num_samples: samples in the dataset.

    Example:
        >>> measured({"train": [0, 2], "test": [1]}, 3), measured({"test": [0, 1]}, 2)
        (array([0, 2]), array([0, 1]))
    """
    train = sample_numbers(splits.get("train", ()))
    return train if len(train) else np.arange(num_samples, dtype=np.int64)


def overlap(digests: Sequence[bytes], splits: Mapping[str, Sequence[int] | np.ndarray]) -> int:
    """Samples of the valid and test splits whose content stands in the train split, too.

    Args:
        digests: SHA-256 of the content of each sample.
        splits: split to sample numbers.

    Example:
        >>> overlap([b"a", b"b", b"a"], {"train": [0, 1], "test": [2]})
        1
    """
    known = {digests[int(i)] for i in splits.get("train", ())}
    return sum(digests[int(i)] in known for name, rows in splits.items() if name != "train" for i in rows)


def _check_name(name: str) -> None:
    if name not in SPLITS:
        raise ConfigError(f"split {name!r} is unknown", why=f"known: {', '.join(SPLITS)}", fix=suggestion(name, SPLITS))
