"""The parts of a run that depend on whether its samples are steady or trajectories."""

from __future__ import annotations

from gno.datasets import MeshDataset
from gno.errors import ConfigError, Interrupted
from gno.models import CFDGCN, Operator, Propagator
from gno.training.batches import Graphs
from gno.training.losses import RESIDUAL
from gno.training.objective import Measured, Objective, SteadyObjective
from gno.training.partition_objective import PartitionObjective
from gno.training.processes import Processes
from gno.training.progress import Event, Progress
from gno.training.recipe import Recipe
from gno.training.residual_objective import ResidualObjective
from gno.training.rollouts import RolloutValidation
from gno.training.stop import Stop
from gno.training.time import Time
from gno.training.trajectories import Trajectories
from gno.training.validation import Validation
from gno.training.windows import WindowObjective


def make_model(dataset: MeshDataset, recipe: Recipe) -> Operator | Propagator:
    """The untrained model: an operator, or a propagator for trajectories.

    Args:
        dataset: any split of it.
        recipe: of the run.

    Raises:
        ConfigError: options that cannot be.
        DataError: a section ``[time]`` for samples without time, or fields that cannot be used.
    """
    name, options = recipe.model.name, recipe.model.options
    if not dataset.in_time and recipe.time is None:
        operator = Operator.from_dataset(dataset, name, **options)
        _check_augmentation(recipe, operator)
        return operator
    time = recipe.time or Time()
    propagator = Propagator.from_dataset(
        dataset,
        name,
        strides=time.strides,
        predict=time.predict,
        fixed=time.fixed,
        fixed_fields=time.fixed_fields,
        **options,
    )
    _check_augmentation(recipe, propagator.operator)
    return propagator


def make_objective(
    dataset: MeshDataset,
    model: Operator | Propagator,
    recipe: Recipe,
    stop: Stop,
    tell: Progress,
    processes: Processes,
) -> Objective:
    """What the run makes small; this process's share of the graphs is built ahead, as far as memory allows.

    Args:
        dataset: the training split.
        model: what is trained.
        recipe: of the run.
        stop: when to stop before the first step.
        tell: told after each graph.
        processes: that share the run.

    Raises:
        Interrupted: it was told to stop.
        ConfigError: trajectories shorter than the windows, or a residual that is no loss here.
    """
    _check_residual(recipe, model)
    if isinstance(model, Propagator):
        if recipe.data.partition:
            raise ConfigError(
                "data.partition = true with trajectories",
                why="a mesh is shared in steady problems only",
                fix="leave it out",
            )
        trajectories = Trajectories(dataset, model, memory=recipe.data.memory, shelf=recipe.data.shelf())
        _build_ahead(trajectories, stop, tell, processes)
        return WindowObjective(model, recipe, recipe.time or Time(), trajectories)
    graphs = Graphs(dataset, model.graph, memory=recipe.data.memory, shelf=recipe.data.shelf())
    _build_ahead(graphs, stop, tell, processes)
    if recipe.loss == RESIDUAL:
        return ResidualObjective(model, recipe, graphs)
    kind = PartitionObjective if recipe.data.partition and not processes.is_alone else SteadyObjective
    return kind(model, recipe, graphs)


def make_validation(
    dataset: MeshDataset, model: Operator | Propagator, recipe: Recipe, processes: Processes
) -> Measured | None:
    """What measures the model after every epoch; ``None`` without samples.

    Args:
        dataset: the validation split.
        model: what is trained.
        recipe: of the run.
        processes: that share the run.
    """
    if not len(dataset):
        return None
    if isinstance(model, Propagator):
        time = recipe.time or Time()
        trajectories = Trajectories(dataset, model, memory=recipe.data.memory, shelf=recipe.data.shelf())
        return RolloutValidation(trajectories, stride=time.strides[0], steps=time.valid_steps, processes=processes)
    graphs = Graphs(dataset, model.graph, memory=recipe.data.memory, shelf=recipe.data.shelf())
    size, together = recipe.optimization.batch_size, recipe.data.partition
    return Validation(graphs, batch_size=size, processes=processes, together=together)


def _build_ahead(graphs: Graphs | Trajectories, stop: Stop, tell: Progress, processes: Processes) -> None:
    own = range(processes.rank, len(graphs), processes.size)
    for done, i in enumerate(own, start=1):
        if stop.signum is not None:
            raise Interrupted("stopped before the first step", why="nothing is written yet", signum=stop.signum)
        graphs[i]
        tell(Event("graphs", done, len(own), milestone=True))
        if graphs.is_full:
            break


def _check_residual(recipe: Recipe, model: Operator | Propagator) -> None:
    if recipe.loss != RESIDUAL:
        return
    if isinstance(model, Propagator):
        raise ConfigError('loss = "residual" with trajectories', why="it is there for steady problems")
    if recipe.data.partition:
        raise ConfigError('loss = "residual" with data.partition = true', why="the equations of a mesh are not shared")


def _check_augmentation(recipe: Recipe, operator: Operator) -> None:
    if recipe.data.augment == "rigid" and any(operator.geometry.period):
        raise ConfigError(
            'data.augment = "rigid" in a periodic box',
            why="it is no box any more when it is rotated",
            fix='use data.augment = "none"',
        )
    if recipe.data.augment == "rigid" and isinstance(operator.network, CFDGCN):
        raise ConfigError(
            'data.augment = "rigid" with a solver on a coarse mesh',
            why="that mesh would have to be moved, too",
            fix='use data.augment = "none"',
        )
    vectors = [c.spec.name for c in (*operator.inputs, *operator.targets) if c.spec.components > 1]
    if recipe.data.augment == "rigid" and vectors:
        raise ConfigError(
            f'data.augment = "rigid" with field {vectors[0]!r} of more than one component',
            why="a rotation would have to turn its vectors, too",
            fix='use data.augment = "none"',
        )
