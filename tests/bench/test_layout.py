from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gno.bench.io import _samples
from gno.bench.layout import FIELDS, archives, arrays, dataset, groups, offsets

LAYOUTS = {
    "offsets": offsets,
    "plain": partial(dataset, compress=False),
    "gzip": partial(dataset, compress=True),
    "groups": groups,
    "archives": archives,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_back_what_was_written(layout: str, tmp_path: Path) -> None:
    samples = _samples(30, 3, seed=0)
    with LAYOUTS[layout](tmp_path, samples) as read:
        for i in (2, 0, 1):
            found, wanted = read(i), arrays(samples[i])
            assert found.keys() == wanted.keys() == {"points", "cells", *FIELDS}
            assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_no_two_samples_share_a_mesh() -> None:
    first, second = _samples(400, 2, seed=0)
    assert not np.array_equal(first.points, second.points)
    assert abs(first.num_points - 400) < 60
