"""How weights are changed: the optimizer, its schedule, the moving average."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gno.errors import ConfigError, within_memory
from gno.models.hybrids.learned_mesh import learned_meshes
from gno.training.position import Position
from gno.training.schedule import ConstantSchedule, CosineSchedule
from gno.training.section import Section
from gno.training.step import SHARE


class Optimization(Section):
    """The section ``[optimization]`` of a recipe.

    Args:
        epochs: passes through the training samples.
        seconds: of training, in place of ``epochs``: the schedule follows the clock, and ends when they are spent in
            steps, those before a resume included; graphs and validation take time beside them. What comes out depends
            on how quick the machine is. 0 for epochs.
        clock: that times steps: ``wall``, or ``process``: CPU seconds of all threads, which hardly change with what
            else the machine does, but leave out a GPU and other processes.
        batch_size: samples in a step, of all processes together.
        batch_nodes: nodes in a step, at most, where samples differ in size: a batch is full when either limit is
            reached; 0 for no such limit.
        accumulate: parts of about as many nodes that a process computes its share of a batch in, one after the other;
            the step is the same, in less memory.
        precision: of the forward pass: ``float32``, or by autocast ``bfloat16`` or ``float16``; weights stay.
        compile: run the network through ``torch.compile``.
        learning_rate: the largest of the schedule.
        weight_decay: of AdamW, for matrices only: biases and other vectors are not pulled to zero.
        warmup: share of the run in which the learning rate rises.
        schedule: ``cosine`` or ``constant`` after the warm-up.
        floor: last learning rate of the cosine as a share of the largest.
        gradient_clip: largest norm of the gradient; 0 leaves it alone.
        ema: decay of the moving average of the weights; 0 saves the last weights themselves.
        coordinate_rate: learning rate of nodes that are learned, in edge lengths a step; ``learning_rate`` without it.

    Example:
        >>> Optimization(epochs=3).batch_size
        4
    """

    epochs: Annotated[int, Field(ge=1)] = 100
    seconds: Annotated[float, Field(ge=0)] = 0.0
    clock: Literal["wall", "process"] = "wall"
    batch_size: Annotated[int, Field(ge=1)] = 4
    batch_nodes: Annotated[int, Field(ge=0)] = 0
    accumulate: Annotated[int, Field(ge=1)] = 1
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    floor: Annotated[float, Field(ge=0, le=1)] = 0.0
    gradient_clip: Annotated[float, Field(ge=0)] = 1.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    coordinate_rate: Annotated[float, Field(gt=0)] | None = None

    def make_schedule(self, num_steps: int) -> CosineSchedule | ConstantSchedule:
        """The learning rate as a function of the step."""
        warmup = round(self.warmup * num_steps)
        if self.schedule == "constant":
            return ConstantSchedule(self.learning_rate, warmup=warmup)
        return CosineSchedule(self.learning_rate, num_steps=num_steps, warmup=warmup, floor=self.floor)

    def now(self) -> float:
        """Seconds on the clock of the run.

        Example:
            >>> options = Optimization(clock="process")
            >>> options.now() <= options.now()
            True
        """
        return time.process_time() if self.clock == "process" else time.monotonic()

    def begun(self, at: Position) -> float:
        """The share of the run that was done when an epoch began.

        Args:
            at: somewhere in the epoch.

        Example:
            >>> Optimization(epochs=8).begun(Position(epoch=2)), Optimization(seconds=60.0).begun(Position(begun=45.0))
            (0.25, 0.75)
        """
        return min(at.begun / self.seconds, 1.0) if self.seconds else at.epoch / self.epochs

    def make_optimizer(self, module: nn.Module) -> torch.optim.AdamW:
        """AdamW over the parameters of a module that want a gradient; nodes that are learned have a rate of their own.

        Source: Loshchilov & Hutter 2019, arXiv 1711.05101.

        Raises:
            ConfigError: there is nothing to be learned.
        """
        nodes = [mesh.displacement for mesh in learned_meshes(module)]
        wanted = [p for p in module.parameters() if p.requires_grad and all(p is not node for node in nodes)]
        if not (wanted or nodes):
            raise ConfigError("the network has nothing to learn", fix="let its mesh be learned, or give it layers")
        share = 1.0 if self.coordinate_rate is None else self.coordinate_rate / self.learning_rate
        groups = [
            {"params": [p for p in wanted if p.ndim >= 2], "weight_decay": self.weight_decay, SHARE: 1.0},
            {"params": [p for p in wanted if p.ndim < 2], "weight_decay": 0.0, SHARE: 1.0},
            {"params": nodes, "weight_decay": 0.0, SHARE: share},
        ]
        # In one pass over all weights: one by one it took a twentieth of a step on one thread.
        return torch.optim.AdamW([g for g in groups if g["params"]], lr=self.learning_rate, fused=True)

    def within_memory(self) -> AbstractContextManager[None]:
        """Where memory does not suffice for a step, an error that says what may fit.

        Example:
            >>> with Optimization().within_memory():
            ...     raise MemoryError("900 GiB")  # doctest: +ELLIPSIS
            Traceback (most recent call last):
            gno.errors.ResourceError: out of memory in training with 4 samples at once; 900 GiB; \
--set optimization.accumulate=2 takes the same step in less, in a new folder
        """
        at_once = self.batch_size // self.accumulate
        fix = "train on smaller meshes, or a narrower network"
        if at_once > 1:
            fix = f"--set optimization.accumulate={2 * self.accumulate} takes the same step in less, in a new folder"
        return within_memory(f"in training with {at_once} samples at once", fix=fix)
