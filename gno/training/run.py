"""Training of a recipe: from a dataset to a model file, in a folder of its own."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from gno.datasets import MeshDataset
from gno.errors import ConfigError
from gno.files import write_text
from gno.models import Operator, Propagator
from gno.training.assembly import make_model, make_objective, make_validation
from gno.training.calibration import acquaint
from gno.training.environment import as_device, environment
from gno.training.folder import RunFolder
from gno.training.loop import Trainer
from gno.training.processes import Processes, joined
from gno.training.progress import Event, Progress, silent
from gno.training.recipe import Recipe
from gno.training.stop import Stop


@dataclass(frozen=True)
class Run:
    """What a run has written.

    Args:
        folder: its folder.
        model: the model file.
        metrics: ``metrics.csv``, one row an epoch.
        best_epoch: the epoch whose weights were saved, counted from 1.
        history: the rows of ``metrics.csv``.
    """

    folder: Path
    model: Path
    metrics: Path
    best_epoch: int
    history: tuple[dict[str, float | int], ...]


def train(
    recipe: Recipe,
    data: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    *,
    resume: bool = False,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Run:
    """Train the network of a recipe on a dataset.

    The folder gets ``model.safetensors`` (the averaged weights of the best epoch on the validation split, of the last
    without one; of a steady model with error bands from that split, and with what its training was like),
    ``metrics.csv``, ``recipe.toml`` with every default, ``env.json`` and ``checkpoint.pt``. On the CPU a run that was
    stopped and resumed gives the weights of one that was not, bit for bit. Processes that torchrun started share every
    batch, and the first one writes; the weights are those of one process up to rounding.

    Args:
        recipe: all choices of the run.
        data: dataset; ``recipe.data.path`` without it.
        out: folder of the run, new or empty.
        resume: go on with the run in the folder; begin it where there is none.
        device: ``cpu``, ``cuda``, ``auto``.
        progress: told what is being done.

    Raises:
        ConfigError: a recipe, folder or device that cannot be used; nothing is written.
        DataError: a dataset that cannot be used, or another one than the run was begun with.
        Interrupted: Ctrl-C or SIGTERM; a checkpoint is saved.
        SolverError: the loss is not finite; the last checkpoint is kept.
        ModelError: the checkpoint to go on from is damaged, foreign, or could run code.
        ResourceError: no disk or no memory; it says what may fit.
    """
    where, tell = as_device(device), progress or silent
    path = _data_path(data, recipe)
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"path": str(path)})})
    folder = RunFolder(out, resume=resume)
    with Stop() as stop, _own_settings(recipe, where), joined(where) as processes, _held(folder, processes):
        folder.check(recipe)
        tell = tell if processes.is_first else silent
        is_begun = resume and folder.is_begun
        with MeshDataset(path) as dataset:
            parts = recipe.data.parts(dataset, seed=recipe.seed)
            model = make_model(dataset, recipe).to(where)
            origin = hashlib.sha256(dataset.tables.seal.encode()).hexdigest()
        train_set, valid_set = (MeshDataset(path, indices=part, params=model.params) for part in parts)
        with train_set, valid_set:
            objective = make_objective(train_set, model, recipe, stop, tell, processes)
            validation = make_validation(valid_set, model, recipe, processes)
            trainer = Trainer(model, recipe, objective, validation, folder, origin=origin, processes=processes)
            if is_begun:
                trainer.restore()
                at = trainer.position
                message = f"going on in epoch {at.epoch + 1}, step {at.step}"
                tell(Event("training", *trainer.budget.told(at), message=message))
            if processes.is_first:
                write_text(folder.recipe, recipe.dumps())
                _write_environment(folder, recipe, model, processes, origin)
            was_done = trainer.is_done
            with recipe.optimization.within_memory():
                trainer.run(stop, tell)
            if processes.is_first and not (was_done and folder.model.exists()):
                _take_best(model, trainer)
                if isinstance(model, Operator):
                    acquaint(model, train_set, None if recipe.data.partition else valid_set, tell)
                model.save(folder.model)
    return Run(folder.path, folder.model, folder.metrics, trainer.best.epoch, tuple(trainer.rows))


def _data_path(data: str | os.PathLike[str] | None, recipe: Recipe) -> Path:
    if data is None and recipe.data.path is None:
        raise ConfigError("no dataset is given", fix="name one: --data FILE.h5, or data.path in the recipe")
    return Path(data if data is not None else str(recipe.data.path)).absolute()


@contextmanager
def _held(folder: RunFolder, processes: Processes) -> Iterator[None]:
    """The folder in the hands of the first process; the others wait until it has taken it."""
    with folder if processes.is_first else nullcontext():
        processes.wait()
        yield


def _take_best(model: Operator | Propagator, trainer: Trainer) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(trainer.best.weights[name])
    model.eval()


def _write_environment(folder: RunFolder, recipe: Recipe, model: nn.Module, processes: Processes, origin: str) -> None:
    parameters = sum(p.numel() for p in model.parameters())
    run = {"seed": recipe.seed, "data": recipe.data.path, "data_sha256": origin, "parameters": parameters}
    text = json.dumps(environment(processes.device) | run | {"processes": processes.size}, indent=2) + "\n"
    write_text(folder.environment, text)


@contextmanager
def _own_settings(recipe: Recipe, device: torch.device) -> Iterator[None]:
    """Random numbers, threads and, on the CPU, only deterministic kernels: the run's; afterwards the caller's again."""
    before, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.threads or threads)
        torch.use_deterministic_algorithms(before or device.type == "cpu")
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)
            torch.set_num_threads(threads)
