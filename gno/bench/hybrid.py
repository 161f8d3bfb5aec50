"""``gno bench hybrid``: CFD-GCN: a step beside one without its solver, a flow beside the fine solver."""

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
from gno.problems import AirfoilFlow
from gno.training import Recipe
from gno.training.batches import Graphs
from gno.training.feed import Feed
from gno.training.folder import RunFolder
from gno.training.loop import Trainer
from gno.training.objective import SteadyObjective
from gno.training.position import Position

FINE, SMALL = (64, 28, 16), (16, 8, 2)
"""Cells around and away from the airfoil, and flows in a batch."""
FLOWS = ((64, 28), (164, 40))
"""Cells around and away from the airfoil of flows that are predicted; the second has the nodes of the source's mesh."""
PARAMS = ["mach", "alpha"]
MACH, ALPHA = 0.5, 4.0
"""The flow that is predicted; the angle in degrees."""


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of the hybrid.

    Args:
        setting: sizes.
    """
    sizes = setting.sizes((120, 353), quick=(30, 40))
    steps = [Measurement(partial(_step_row, setting, nodes), setting.patience + 0.2 * nodes) for nodes in sizes]
    cells = setting.sizes(FLOWS, quick=(SMALL[:2],))
    nodes = sizes[-1]
    return steps + [Measurement(partial(_flow_row, setting, nodes, each), 0.02 * each[0] * each[1]) for each in cells]


def _step_row(setting: Setting, nodes: int) -> Row:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "d.h5"
        _write(path, setting)
        hybrid, plain = (_step(place, path, model) for model in (_hybrid(nodes), {"name": "gcn", "options": {}}))
        first = stopwatch(hybrid)
        costs = race(hybrid, plain, patience=setting.patience)
    return Row.timed("step of a batch", nodes, costs, peer="no solver", numbers={"first step s": first.processor})


def _flow_row(setting: Setting, nodes: int, cells: tuple[int, int]) -> Row:
    """One flow from its conditions alone: by the network, which solves on the coarse mesh, and by the fine solver."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "d.h5"
        _write(path, setting)
        operator = _operator(path, _recipe(_hybrid(nodes))).eval()
    mesh = shapes.airfoil_o(shapes.naca("0012"), around=cells[0], outward=cells[1])
    given = mesh.with_data({name: np.full(mesh.num_points, v) for name, v in (("mach", MACH), ("alpha", ALPHA))})
    fine = partial(AirfoilFlow().solve, mesh, mach=MACH, alpha=ALPHA)
    costs = race(partial(operator.predict, given), fine, patience=setting.patience)
    return Row.timed("flow", mesh.num_points, costs, peer="fine solver", numbers={"coarse nodes": nodes})


def _hybrid(nodes: int) -> dict[str, Any]:
    """CFD-GCN as a recipe's table, with about so many coarse nodes."""
    mesh = {"nodes": nodes, "keep": {"airfoil": min(32, nodes // 3), "farfield": 8}}
    boundary = {"airfoil": "slip", "farfield": "farfield"}
    solver = {"name": "compressible", "boundary": boundary, "tolerance": 1e-7}
    return {"name": "cfdgcn", "options": {"coarse": {"solver": solver, "mesh": mesh}}}


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
    recipe = _recipe(model)
    with MeshDataset(path, params=PARAMS) as dataset:
        operator = _operator(path, recipe)
        objective = SteadyObjective(operator, recipe, Graphs(dataset, operator.graph))
        trainer = Trainer(operator, recipe, objective, None, RunFolder(place))
        (pieces,) = Feed(objective, recipe).epoch(Position())
    return partial(trainer.step, pieces)


def _recipe(model: dict[str, Any]) -> Recipe:
    options = {"params": PARAMS, "geometry": {"features": ["coordinates", "boundary_distance"]}, **model["options"]}
    return Recipe.make({"model": model | {"options": options}, "optimization": {"batch_size": FINE[2]}})


def _operator(path: Path, recipe: Recipe) -> Operator:
    with MeshDataset(path, params=PARAMS) as dataset:
        return Operator.from_dataset(dataset, recipe.model.name, **recipe.model.options)


BENCHMARK = Benchmark("hybrid", "A solver inside of a network", "nodes", "n", measurements)
