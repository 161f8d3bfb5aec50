"""Tiny files in each layout, laid out as the programs that write them do, with values that tell where they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.layouts import benchmarks, clouds, folders, operators, records
from tests.datasets.layouts.ramps import ramp

WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    writer.__name__: (name, writer)
    for name, writer in (
        ("fno", operators.fno_v5),
        ("fno", operators.fno_v73),
        ("plasticity", operators.plasticity),
        ("neuraloperator", operators.neuraloperator),
        ("neuraloperator", operators.burgers),
        ("pdebench-1d", benchmarks.pdebench_1d),
        ("pdebench-darcy", benchmarks.pdebench_darcy),
        ("pdebench-cfd", benchmarks.pdebench_cfd),
        ("pdebench-groups", benchmarks.pdebench_groups),
        ("pdebench-incompressible", benchmarks.pdebench_incompressible),
        ("the-well", benchmarks.the_well),
        ("pdearena", benchmarks.pdearena),
        ("pdearena", benchmarks.pdearena_1d),
        ("rigno", clouds.rigno),
        ("poseidon", operators.poseidon),
        ("meshgraphnets", records.meshgraphnets),
        ("geo-fno", operators.geo_fno),
        ("geo-fno-elasticity", clouds.geo_fno_elasticity),
        ("airfrans", folders.airfrans),
        ("vtk-folder", folders.vtk_folder),
    )
}
"""Name of a file to the layout that it has, and who writes it."""


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file by name."""
    return lambda name: WRITERS[name][1](tmp_path)


@pytest.fixture(params=sorted(WRITERS))
def each(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """The layout of each file, and the file."""
    name, writer = WRITERS[request.param]
    return name, writer(tmp_path)


@pytest.fixture
def values() -> Callable[..., np.ndarray]:
    """The values that the files hold."""
    return ramp
