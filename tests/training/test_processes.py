"""Runs shared by two processes: the weights of one, no waiting for ever, and one that writes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import Interrupted, ResourceError
from gno.mesh import shapes
from gno.models import Operator
from gno.models.operator.together import encoded_together, own_part
from gno.training import Event, Recipe, train
from gno.training.checkpoint import load_checkpoint
from gno.training.portion import portions
from gno.training.processes import Processes, joined

STEPS = 20
"""Of the runs that are compared: five epochs of seven samples, two a batch; the last batch has one."""


@pytest.fixture(scope="module")
def ragged_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven training samples on meshes of 12 to 90 nodes, and three to validate."""
    path = tmp_path_factory.mktemp("ragged") / "d.h5"
    with DatasetWriter(path, [FieldSpec("a"), FieldSpec("u", role="target")]) as writer:
        for i in range(10):
            mesh = shapes.square(0.4 - 0.03 * i, seed=i)
            x, y = mesh.points.T
            fields = {"a": 1 + x * y * (i + 1), "u": (i + 1) * x * (1 - x) * y * (1 - y)}
            writer.append(mesh.with_data(fields), split="train" if i < 7 else "valid")
    return path


def a_recipe(**optimization: object) -> Recipe:
    options = {"width": 4, "cycles": 1, "geometry": {"levels": 2}}
    table = {"epochs": 5, "batch_size": 2, "learning_rate": 0.01, "ema": 0.9} | optimization
    return Recipe.make(
        {"model": {"name": "mgkn", "options": options}, "data": {"augment": "rigid"}, "optimization": table}
    )


def work(rank: int, size: int, port: int, job: Callable[..., None], *arguments: object) -> None:
    """What one process does: the environment of torchrun, double precision, and a job."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    job(*arguments)


def free_port() -> int:
    """Where processes may meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def started(size: int, job: Callable[..., None], *arguments: object) -> Iterator[list[ForkServerProcess]]:
    port = free_port()
    context = multiprocessing.get_context("forkserver")  # which imports torch once for all processes to come
    context.set_forkserver_preload([__name__])
    processes = [context.Process(target=work, args=(rank, size, port, job, *arguments)) for rank in range(size)]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def ends(processes: list[ForkServerProcess], patience: float = 60.0) -> list[int | None]:
    """Exit codes, once all have ended."""
    until = time.monotonic() + patience
    for process in processes:
        process.join(max(until - time.monotonic(), 0.0))
    return [process.exitcode for process in processes]


def stopped(data: Path, out: Path) -> None:
    """Tell the first process to stop in the middle of an epoch: all stop."""

    def stop(event: Event) -> None:
        if event.done == 6 and not event.milestone:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted) as caught:
        train(a_recipe(), data, out, progress=stop)
    assert caught.value.exit_code == 143


def resumed(data: Path, out: Path) -> None:
    """Go on to the end."""
    train(a_recipe(), data, out, resume=True)


def wait_for_ever(data: Path, out: Path) -> None:
    """Train, but the second process stops to answer in the middle."""
    if os.environ["RANK"] == "1":
        forward, calls = Operator.forward, [0]

        def killed(self: Operator, graph: object) -> torch.Tensor:
            calls[0] += 1
            if calls[0] == 8:
                os.kill(os.getpid(), signal.SIGKILL)
            return forward(self, graph)

        Operator.forward = killed
    try:
        train(a_recipe(), data, out)
    except ResourceError as error:
        raise SystemExit(error.exit_code) from error


def test_two_processes_train_the_weights_of_one(ragged_data: Path, tmp_path: Path, double: None) -> None:
    for job in (stopped, resumed):
        with started(2, job, ragged_data, tmp_path / "two") as processes:
            assert ends(processes) == [0, 0]
    one = train(a_recipe(), ragged_data, tmp_path / "one")
    states = [load_checkpoint(tmp_path / run / "checkpoint.pt") for run in ("one", "two")]
    assert states[0]["position"]["step"] == states[1]["position"]["step"] == STEPS
    for name, weight in states[0]["operator"].items():
        torch.testing.assert_close(states[1]["operator"][name], weight, rtol=0, atol=1e-12)
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in state["rows"]] for state in states]
    for a, b in zip(*rows, strict=True):
        assert a == pytest.approx(b, rel=1e-10)
    assert (tmp_path / "two" / "model.safetensors").exists()
    assert len(one.history) == 5


def test_a_killed_process_ends_the_run_and_leaves_a_checkpoint(ragged_data: Path, tmp_path: Path) -> None:
    begun = time.monotonic()
    with started(2, wait_for_ever, ragged_data, tmp_path / "run") as processes:
        assert ends(processes) == [ResourceError.exit_code, -signal.SIGKILL]
    assert time.monotonic() - begun < 60
    assert load_checkpoint(tmp_path / "run" / "checkpoint.pt")["position"]["step"] == 6


def test_every_sample_of_a_batch_is_in_one_portion_and_nodes_are_spread_evenly() -> None:
    nodes = [50, 10, 20, 40, 30, 60, 10, 20]
    for processes in (1, 2, 3, 8, 11):
        for parts in (1, 3):
            dealt = portions(range(100, 108), nodes, processes=processes, parts=parts)
            assert len(dealt) == processes
            own = [p for process in dealt for p in process if p.share > 0]
            assert sorted(i for p in own for i in p.samples) == list(range(100, 108))
            assert all(p.samples == [100 + place for place in p.places] for p in own)
            assert sum(p.share for p in own) == pytest.approx(1)
            assert all(process and len(process) <= parts for process in dealt)
    loads = [
        sum(nodes[p] for part in process for p in part.places) for process in portions(range(8), nodes, processes=3)
    ]
    assert max(loads) - min(loads) <= min(nodes)


def predicted(data: Path, model: Path, out: Path, network: str) -> None:
    """Fields, and the gradient of their squares, of a mesh that two processes share."""
    with MeshDataset(data) as dataset, joined(torch.device("cpu")):
        operator, mesh = Operator.load(model).double(), dataset[8].mesh
        fields = operator.predict(mesh, together=True).point_data
        graph = operator.graph(mesh)
        part = own_part(operator, graph)
        encoded_together(operator, part, graph.num_nodes).square().mean().backward()
        Processes(dist.get_rank(), 2).add_gradients(operator)
        found = {name: p.grad for name, p in operator.named_parameters()}
        if dist.get_rank() == 0:
            torch.save({"u": torch.from_numpy(fields["u"]), "gradients": found, "nodes": len(part.own)}, out)


@pytest.mark.parametrize(
    ("network", "options"),
    [("mgkn", {"geometry": {"levels": 3}}), ("gkn", {"block": "gkn"}), ("meshgraphnet", {"depth": 3})],
)
def test_a_mesh_that_two_processes_share_has_the_fields_and_gradients_of_the_whole(
    network: str, options: dict[str, Any], ragged_data: Path, tmp_path: Path, double: None
) -> None:
    with MeshDataset(ragged_data) as dataset:
        operator, mesh = Operator.from_dataset(dataset, network, width=4, **options), dataset[8].mesh
    operator.save(tmp_path / "m.safetensors")
    with started(2, predicted, ragged_data, tmp_path / "m.safetensors", tmp_path / "found.pt", network) as processes:
        assert ends(processes) == [0, 0]
    found, graph = torch.load(tmp_path / "found.pt"), operator.graph(mesh)
    operator(graph).square().mean().backward()
    assert 0 < found["nodes"] < graph.num_nodes
    torch.testing.assert_close(found["u"], torch.from_numpy(operator.predict(mesh).point_data["u"]), rtol=0, atol=1e-12)
    for name, parameter in operator.named_parameters():
        torch.testing.assert_close(found["gradients"][name], parameter.grad, rtol=0, atol=1e-12)


def trained_in_parts(data: Path, out: Path) -> None:
    recipe = a_recipe(epochs=2)
    train(recipe.model_copy(update={"data": recipe.data.model_copy(update={"partition": True})}), data, out)


def test_training_on_shared_meshes_is_training_on_whole_ones(ragged_data: Path, tmp_path: Path, double: None) -> None:
    with started(2, trained_in_parts, ragged_data, tmp_path / "two") as processes:
        assert ends(processes) == [0, 0]
    train(a_recipe(epochs=2), ragged_data, tmp_path / "one")
    states = [load_checkpoint(tmp_path / run / "checkpoint.pt") for run in ("one", "two")]
    for name, weight in states[0]["operator"].items():
        torch.testing.assert_close(states[1]["operator"][name], weight, rtol=0, atol=1e-12)
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in state["rows"]] for state in states]
    assert rows[0][-1] == pytest.approx(rows[1][-1], rel=1e-10)


def trained_in_time(table: dict[str, Any], data: Path, out: Path) -> None:
    train(Recipe.make(table), data, out, resume=True)


def test_two_processes_train_the_weights_of_one_in_time(
    heat_recipe: Recipe, heat_data: Path, tmp_path: Path, double: None
) -> None:
    """Windows, noise, steps without gradient and a growing rollout: nothing is drawn that the other does not draw."""
    table = heat_recipe.model_dump()
    with started(2, trained_in_time, table, heat_data, tmp_path / "two") as processes:
        assert ends(processes) == [0, 0]
    train(heat_recipe, heat_data, tmp_path / "one")
    states = [load_checkpoint(tmp_path / run / "checkpoint.pt") for run in ("one", "two")]
    assert states[0]["position"]["step"] == states[1]["position"]["step"] == 9
    for name, weight in states[0]["operator"].items():
        torch.testing.assert_close(states[1]["operator"][name], weight, rtol=0, atol=1e-12)
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in state["rows"]] for state in states]
    for a, b in zip(*rows, strict=True):
        assert a == pytest.approx(b, rel=1e-10)


def test_processes_agree_on_when_the_time_is_over(heat_recipe: Recipe, heat_data: Path, tmp_path: Path) -> None:
    table = heat_recipe.model_dump()
    table["optimization"] |= {"seconds": 0.5}
    for _ in range(2):  # the second time there is nothing left to do
        with started(2, trained_in_time, table, heat_data, tmp_path / "run") as processes:
            assert ends(processes) == [0, 0]
        position = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["position"]
        assert position["begun"] >= 0.5
        assert position["batch"] == 0
    assert (tmp_path / "run" / "model.safetensors").exists()
