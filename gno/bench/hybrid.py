"""``gno bench hybrid``: a training step of CFD-GCN, with the solver inside, beside one of the network alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.row import Row
from gno.bench.setting import Setting
from gno.bench.timing import race, stopwatch
from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import shapes
from gno.models import Operator
from gno.training import Recipe
from gno.training.batches import Graphs
from gno.training.feed import Feed
from gno.training.folder import RunFolder
from gno.training.loop import Trainer
from gno.training.objective import SteadyObjective
from gno.training.position import Position

FINE, SMALL = (64, 28, 16), (16, 8, 2)
"""Cells around and away from the airfoil, and flows in a batch."""


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of the hybrid.

    Args:
        setting: sizes.
    """
    sizes = setting.sizes((120, 353), quick=(30, 40))
    return [Measurement(partial(_row, setting, nodes), setting.patience + 0.2 * nodes) for nodes in sizes]


def _row(setting: Setting, nodes: int) -> Row:
    mesh = {"nodes": nodes, "keep": {"airfoil": min(32, nodes // 3), "farfield": 8}}
    boundary = {"airfoil": "slip", "farfield": "farfield"}
    solver = {"name": "compressible", "boundary": boundary, "tolerance": 1e-7}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "d.h5"
        _write(path, setting)
        hybrid = _step(place, path, {"name": "cfdgcn", "options": {"coarse": {"solver": solver, "mesh": mesh}}})
        plain = _step(place, path, {"name": "gcn", "options": {}})
        first = stopwatch(hybrid)
        costs = race(hybrid, plain, patience=setting.patience)
    return Row.timed("step of a batch", nodes, costs, peer="no solver", numbers={"first step s": first.processor})


def _write(path: Path, setting: Setting) -> None:
    """Conditions of flows with targets of no meaning: only time is measured."""
    rng = np.random.default_rng(setting.seed)
    around, outward, batch = setting.sizes(FINE, quick=SMALL)
    mesh = shapes.airfoil_o(shapes.naca("0012"), around=around, outward=outward)
    fields = [FieldSpec("velocity", role="target", components=2), FieldSpec("pressure", role="target")]
    with DatasetWriter(path, fields, compress=False) as writer:
        for _ in range(batch):
            data = {"velocity": rng.random((mesh.num_points, 2)), "pressure": rng.random(mesh.num_points)}
            conditions = {"mach": rng.uniform(0.2, 0.6), "alpha": rng.uniform(-8, 8)}
            writer.append(mesh.with_data(data), conditions, split="train")


def _step(place: str, path: Path, model: dict[str, Any]) -> Callable[[], float]:
    """Another step of a run, whose nodes move as in training."""
    params, geometry = ["mach", "alpha"], {"features": ["coordinates", "boundary_distance"]}
    options = {"params": params, "geometry": geometry, **model["options"]}
    table = {"model": model | {"options": options}, "optimization": {"batch_size": FINE[2]}}
    recipe = Recipe.make(table)
    with MeshDataset(path, params=params) as dataset:
        operator = Operator.from_dataset(dataset, recipe.model.name, **recipe.model.options)
        objective = SteadyObjective(operator, recipe, Graphs(dataset, operator.graph))
        trainer = Trainer(operator, recipe, objective, None, RunFolder(place))
        (pieces,) = Feed(objective, recipe).epoch(Position())
    return partial(trainer.step, pieces)


BENCHMARK = Benchmark("hybrid", "A solver inside of a network", "coarse nodes", "n", measurements)
