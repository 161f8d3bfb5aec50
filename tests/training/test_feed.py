"""The feed: every sample once an epoch, in batches that fit, made ahead, in memory that does not grow."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import Mesh, shapes
from gno.models import Operator
from gno.training import Recipe, train
from gno.training.batches import Graphs, packed
from gno.training.checkpoint import load_checkpoint
from gno.training.feed import Feed, ahead
from gno.training.objective import SteadyObjective
from gno.training.position import Position
from gno.training.precision import Precision


def changed(recipe: Recipe, **sections: dict[str, object]) -> Recipe:
    table = recipe.model_dump()
    return Recipe.make(table | {name: table[name] | values for name, values in sections.items()})


def test_batches_end_at_either_limit_and_hold_every_sample_once() -> None:
    rng = np.random.default_rng(0)
    nodes = rng.integers(10, 200, 50).tolist()
    order = rng.permutation(50).tolist()
    for size, budget in ((4, 0), (8, 300), (50, 500), (3, 5)):
        batches = packed(order, nodes, size=size, budget=budget)
        assert [i for batch in batches for i in batch] == order
        for batch, after in zip(batches, [*batches[1:], [0]]):
            assert len(batch) <= size
            assert not budget or len(batch) == 1 or sum(nodes[i] for i in batch) <= budget
            full = len(batch) == size or (budget and sum(nodes[i] for i in batch) + nodes[after[0]] > budget)
            assert full or batch is batches[-1]


def test_graphs_of_one_mesh_share_its_levels(small_data: Path) -> None:
    with MeshDataset(small_data, "train") as dataset:
        operator = Operator.from_dataset(dataset, "mgkn", width=4, geometry={"levels": 2})
        graphs = Graphs(dataset, operator.graph)
        for i in range(6):  # of three meshes
            whole = operator.graph(dataset[i].mesh)
            assert whole.keys() == graphs[i].keys()
            assert all(torch.equal(whole[key], graphs[i][key]) for key in whole.keys())  # noqa: SIM118
        assert graphs[0].intra_0 is graphs[1].intra_0
        assert graphs[0].intra_0 is not graphs[2].intra_0
        assert not torch.equal(graphs[0].y, graphs[1].y)


def test_how_batches_are_made_changes_no_bit(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    short = changed(recipe, optimization={"epochs": 2})
    anew = {"prefetch": 0, "memory": 0.0, "disk": 0.0}
    others = [{"data": anew}, {"data": {"memory": 0.0}}, {"optimization": {"batch_nodes": 10_000}}]
    recipes = [short, *(changed(short, **sections) for sections in others)]
    runs = [train(one, small_data, tmp_path / str(n)) for n, one in enumerate(recipes)]
    first, *states = (Operator.load(run.model).state_dict() for run in runs)
    assert all(torch.equal(first[name], state[name]) for state in states for name in first)


def test_parts_of_a_batch_add_up_to_its_step(recipe: Recipe, small_data: Path, tmp_path: Path, double: None) -> None:
    weights = []
    for parts in (1, 3):
        whole = changed(recipe, optimization={"epochs": 2, "batch_size": 5, "accumulate": parts})
        train(whole, small_data, tmp_path / str(parts))
        weights.append(load_checkpoint(tmp_path / str(parts) / "checkpoint.pt")["operator"])
    for name, weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], weight, rtol=0, atol=1e-12)


def test_half_precision_trains_to_about_the_same_error(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    errors = []
    for precision in ("float32", "bfloat16", "float16"):
        half = changed(recipe, optimization={"precision": precision})
        errors.append(train(half, small_data, tmp_path / precision).history[-1]["valid_relative_l2"])
    assert len(set(errors)) == 3
    assert errors == pytest.approx([errors[0]] * 3, rel=0.05)


def test_an_overflow_leaves_the_step_out_and_halves_the_factor() -> None:
    layer, precision = torch.nn.Linear(1, 1), Precision("float16", torch.device("cpu"))
    first = precision.factor
    for gradient, usable in ((torch.inf, False), (3.0, True)):
        layer.weight.grad = torch.full((1, 1), gradient)
        assert precision.take_back(layer) is usable
        assert precision.factor == first / 2
    assert float(layer.weight.grad) == 3.0 / (first / 2)
    again = Precision("float16", torch.device("cpu"))
    again.restore(precision.state())
    assert again.state() == precision.state()


def test_items_are_made_ahead_in_order_and_errors_come_through() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for n in range(6):
            made.append(n)
            yield n
        raise ValueError("six")

    items = ahead(numbers(), 2)
    assert next(items) == 0
    until = time.monotonic() + 10
    while len(made) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert made == [0, 1, 2]
    items.close()
    with pytest.raises(ValueError, match="six"):
        list(ahead(numbers(), 3))


def resident(path: Path, recipe: Recipe) -> list[float]:
    """Megabytes of the process after each half of an epoch that keeps no graph."""
    sizes = []
    with MeshDataset(path, "train") as dataset:
        operator = Operator.from_dataset(dataset, "gkn", width=2, depth=1)
        feed = Feed(SteadyObjective(operator, recipe, Graphs(dataset, operator.graph, memory=0.0)), recipe)
        for number, pieces in enumerate(feed.epoch(Position())):
            assert pieces[0].batch.num_nodes > 2000
            if number % 20 == 19:
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                sizes.append(pages * 4096 / 2**20)
    return sizes


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells the memory of a process")
def test_memory_stays_where_it_is_over_a_file_larger_than_it(recipe: Recipe, tmp_path: Path) -> None:
    """Graphs of 0.6 MB each, of which 40 pass through memory between the first measurement and the last."""
    rng = np.random.default_rng(0)
    mesh = shapes.square(0.022, seed=0)
    with DatasetWriter(tmp_path / "d.h5", [FieldSpec("a"), FieldSpec("u", role="target")], compress=False) as writer:
        for i in range(60):
            moved = Mesh(mesh.points * (1 + i / 60), mesh.cells)
            writer.append(moved.with_data({"a": rng.random(mesh.num_points), "u": rng.random(mesh.num_points)}))
    one = changed(recipe, optimization={"batch_size": 1})
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        sizes = pool.apply(resident, (tmp_path / "d.h5", one))
    assert len(sizes) == 3
    assert sizes[2] - sizes[0] < 6


COMPILED = """
import sys

from gno.training import Recipe, train

table = {"threads": 1, "model": {"name": "gkn", "options": {"width": 4, "depth": 1}}, "optimization": {"epochs": 2}}
errors = []
for compiled in (False, True):
    table["optimization"]["compile"] = compiled
    errors.append(train(Recipe.make(table), sys.argv[1], f"{sys.argv[2]}/{compiled}").history[-1]["train_loss"])
assert abs(errors[1] / errors[0] - 1) < 1e-5, errors
"""


@pytest.mark.long
def test_a_compiled_network_trains_alike(small_data: Path, tmp_path: Path) -> None:
    # In a process of its own: no compiler can trace the checks of shapes that wrap each function in these tests.
    done = subprocess.run([sys.executable, "-c", COMPILED, small_data, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
