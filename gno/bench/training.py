"""``gno bench training``: samples a second, and how much of a step is not the network."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.row import Row
from gno.bench.setting import Setting
from gno.bench.timing import Seconds, race
from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import Mesh, shapes
from gno.models import Operator
from gno.training import Recipe
from gno.training.batches import Graphs
from gno.training.feed import Feed, Piece
from gno.training.folder import RunFolder
from gno.training.loop import Trainer
from gno.training.objective import SteadyObjective
from gno.training.position import Position
from gno.training.shelf import Shelf

SAMPLES, BATCH = 16, 4
CASES = {"graphs kept": (4.0, 0.0), "levels on disk": (0.0, 4.0), "read and built anew": (0.0, 0.0)}
"""GiB of graphs that each case may keep in memory, and of levels and edges on disk."""


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of training.

    Args:
        setting: sizes and device.
    """
    sizes = setting.sizes((450, 2_000, 8_000), quick=(60, 120))
    return [
        Measurement(partial(_row, setting, name, nodes), setting.patience + 4e-2 * nodes)
        for name in CASES
        for nodes in sizes
    ]


def _row(setting: Setting, name: str, nodes: int) -> Row:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "d.h5"
        mean = _write(path, nodes, setting.seed)
        recipe = Recipe.make({"model": {"name": "mgkn"}, "optimization": {"epochs": 1, "batch_size": BATCH}})
        with MeshDataset(path) as dataset:
            operator = Operator.from_dataset(dataset, recipe.model.name).to(setting.device)
            memory, disk = CASES[name]
            graphs = Graphs(dataset, operator.graph, memory=memory, shelf=Shelf(disk) if disk else None)
            objective = SteadyObjective(operator, recipe, graphs)
            trainer = Trainer(operator, recipe, objective, None, RunFolder(place))
            ready = list(Feed(objective, recipe).epoch(Position()))
            works = partial(_epoch, trainer), partial(_steps, trainer, ready), partial(_feed, trainer)
            costs = [Seconds(*(s / SAMPLES for s in cost)) for cost in race(*works, patience=setting.patience)]
    # Time on the clock overlaps, CPU time adds up: there the feed is measured alone, which differences would blur.
    shares = [100 * costs[2].processor / costs[0].processor, 100 * max(1 - costs[1].wall / costs[0].wall, 0.0)]
    numbers = {"samples/s": 1 / costs[0].wall, "% of CPU not the network": shares[0], "% of wall": shares[1]}
    return Row.timed(name, mean, costs[:2], peer="batches at hand", numbers=numbers)


def _write(path: Path, nodes: int, seed: int) -> int:
    """Samples, each on a mesh of its own, of about so many nodes: returns how many."""
    rng = np.random.default_rng(seed)
    mesh = shapes.square(1.07 * nodes**-0.5, seed=seed)
    with DatasetWriter(path, [FieldSpec("a"), FieldSpec("u", role="target")], compress=False) as writer:
        for i in range(SAMPLES):
            fields = {name: rng.random(mesh.num_points) for name in ("a", "u")}
            writer.append(Mesh(mesh.points * (1 + 0.1 * i / SAMPLES), mesh.cells, mesh.boundary, fields))
    return mesh.num_points


def _epoch(trainer: Trainer) -> None:
    for pieces in trainer.feed.epoch(Position()):
        trainer.step(pieces)


def _feed(trainer: Trainer) -> None:
    for _ in trainer.feed.epoch(Position()):
        pass


def _steps(trainer: Trainer, ready: Sequence[list[Piece]]) -> None:
    for pieces in ready:  # copies, as plans are kept with the edges of a batch, and every step of a run has new ones
        trainer.step([piece._replace(batch=piece.batch.clone()) for piece in pieces])


BENCHMARK = Benchmark("training", "Training steps", "nodes", "n", measurements, on_device=True)
