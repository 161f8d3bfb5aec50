"""``gno bench prediction``: time and memory of a prediction, from small meshes to a million nodes."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import numpy as np
import torch

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.memory import status
from gno.bench.row import Row
from gno.bench.setting import Setting
from gno.datasets import FieldSpec, Normalizer
from gno.errors import ResourceError
from gno.mesh import Mesh, shapes
from gno.models import MGKN, Operator
from gno.models.features.channel import Channel
from gno.models.features.geometry import Geometry

EDGE = 0.05
"""Edge length of all meshes: a larger mesh is a larger domain, because a model's lengths are physical."""
LEVELS = 4
FIELDS = (("a", "input"), ("u", "target"))


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of predictions: seconds and megabytes at each size.

    Args:
        setting: sizes.
    """
    return list(_measurements(setting))


def _measurements(setting: Setting) -> Iterator[Measurement]:
    for number in setting.sizes((10_000, 100_000, 1_000_000), quick=(400, 1_600)):
        found: dict[str, tuple[float, float, float]] = {}
        yield Measurement(partial(_seconds, number, setting.seed, found), 1e-4 * number)
        yield Measurement(partial(_megabytes, number, setting.seed, found), 1e-6 * number)


def _seconds(number: int, seed: int, found: dict[str, tuple[float, float, float]]) -> Row:
    processor, wall, _ = _measured(number, seed, found)
    numbers = {"nodes/s": number / wall}
    return Row("prediction", number, "seconds", ours=processor, our_wall=wall, numbers=numbers)


def _megabytes(number: int, seed: int, found: dict[str, tuple[float, float, float]]) -> Row:
    return Row("prediction, peak", number, "megabytes", ours=_measured(number, seed, found)[2])


def _measured(number: int, seed: int, found: dict[str, tuple[float, float, float]]) -> tuple[float, float, float]:
    """Seconds of the processor and on the clock, and megabytes, of a process that holds nothing else."""
    if not found:
        context = multiprocessing.get_context("spawn")  # a fork would begin with the memory of this process
        try:
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                found["all"] = pool.submit(_alone, number, seed, torch.get_num_threads()).result()
        except BrokenProcessPool as error:
            raise ResourceError(f"{number} nodes were killed", why="most likely for want of memory") from error
    return found["all"]


def _alone(number: int, seed: int, threads: int) -> tuple[float, float, float]:
    torch.set_num_threads(threads)
    operator = _operator(seed)
    operator.predict(_mesh(100, seed))  # libraries take memory of their own at first use
    mesh = _mesh(number, seed)
    before, processor, wall = status("VmRSS"), time.process_time(), time.perf_counter()
    operator.predict(mesh)
    return time.process_time() - processor, time.perf_counter() - wall, status("VmHWM") - before


def _mesh(number: int, seed: int) -> Mesh:
    side = round(number**0.5) - 1
    mesh = shapes.square(1 / side, kind="structured")
    values = np.random.default_rng(seed).random(mesh.num_points)
    return Mesh(mesh.points * (EDGE * side), mesh.cells, mesh.boundary, {"a": values})


def _operator(seed: int) -> Operator:
    """An untrained operator with the lengths that training on such meshes gives."""
    torch.manual_seed(seed)
    spacing = [1.5 * EDGE * 2**level for level in range(LEVELS - 1)]
    geometry = Geometry(dim=2, spacing=spacing, radius=(2 * EDGE, *(2.5 * s for s in spacing)), scale=0.5)
    unit = Normalizer((0.0,), (1.0,))
    a, u = (
        Channel(FieldSpec(name, role=role), unit, (0.0,), (1.0,)) for name, role in (("a", "input"), ("u", "target"))
    )
    return Operator(MGKN(3, 1, radius=geometry.radius), [a], [u], geometry).eval()


BENCHMARK = Benchmark("prediction", "Prediction on large meshes", "nodes", "n", measurements)
