"""``gno bench io``: random samples from our file, from one with a group for each sample, and from ``.npz`` files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.layout import FIELDS, Read, archives, arrays, dataset, groups, offsets
from gno.bench.row import Row
from gno.bench.setting import Setting
from gno.bench.timing import Seconds, race
from gno.errors import GnoError
from gno.mesh import Mesh, shapes

Layout = Callable[[Path, Sequence[Mesh]], AbstractContextManager[Read]]
KEPT = 8
"""Meshes that the reader keeps: there must be many more samples, or it would read none anew."""


class Case(NamedTuple):
    """Two layouts of the same samples, each with a mesh of its own.

    Args:
        name: what of ours is measured.
        ours: the layout.
        peer: name of the other.
        theirs: the other.
    """

    name: str
    ours: Layout
    peer: str
    theirs: Layout


CASES = (
    Case("by offsets", offsets, "group per sample", groups),
    Case("checked sample", partial(dataset, compress=False), "group per sample", groups),
    Case("checked sample, gzip", partial(dataset, compress=True), "group per sample", groups),
    Case("checked sample beside .npz", partial(dataset, compress=False), "a .npz per sample", archives),
)


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of reading.

    Args:
        setting: sizes.
    """
    sizes = setting.sizes((500, 2_000, 8_000), quick=(100, 400))
    number = setting.sizes(100, quick=KEPT + 2)
    cost = setting.patience + 1e-2 * number
    return [Measurement(partial(_row, setting, case, n, number), cost) for case in CASES for n in sizes]


def _row(setting: Setting, case: Case, nodes: int, number: int) -> Row:
    meshes = _samples(nodes, number, setting.seed)
    size = sum(values.nbytes for values in arrays(meshes[0]).values())
    order = np.random.default_rng(setting.seed).permutation(number).tolist()
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / who for who in ("ours", "theirs")]
        for folder in folders:
            folder.mkdir()
        with case.ours(folders[0], meshes) as ours, case.theirs(folders[1], meshes) as theirs:
            _refuse_unequal(ours, theirs, order)
            works = [partial(_all, read, order) for read in (ours, theirs)]
            costs = [Seconds(*(s / number for s in cost)) for cost in race(*works, patience=setting.patience)]
    numbers = {"kB": size / 1e3, "MB/s": size / costs[0].processor / 1e6}
    return Row.timed(case.name, meshes[0].num_points, costs, peer=case.peer, numbers=numbers)


def _samples(nodes: int, number: int, seed: int) -> list[Mesh]:
    """Samples of about so many nodes, each on a mesh of its own: one mesh, stretched."""
    rng = np.random.default_rng(seed)
    mesh = shapes.square(1.07 * nodes**-0.5, seed=seed)
    fields = ({name: rng.random(mesh.num_points) for name in FIELDS} for _ in range(number))
    return [Mesh(mesh.points * (1 + i / number), mesh.cells, mesh.boundary, values) for i, values in enumerate(fields)]


def _all(read: Read, order: Sequence[int]) -> None:
    for i in order:
        read(i)


def _refuse_unequal(ours: Read, theirs: Read, order: Sequence[int]) -> None:
    for i in order:
        own, other = ours(i), theirs(i)
        if own.keys() != other.keys() or not all(np.array_equal(own[name], other[name]) for name in own):
            raise GnoError(f"sample {i} differs between the two layouts", why="their times would mean nothing")


BENCHMARK = Benchmark("io", "Reading of random samples", "nodes", "n", measurements)
