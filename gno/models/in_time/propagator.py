"""The propagator: an operator that takes a state to a later time, again and again."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gno.datasets.naming import suggestion
from gno.datasets.reader import MeshDataset
from gno.errors import ConfigError
from gno.graph.multilevel import MultilevelData
from gno.mesh.mesh import Mesh
from gno.models.features.channel import Channel
from gno.models.features.fixed_nodes import fixed_nodes
from gno.models.hybrids.step_corrector import StepCorrector
from gno.models.in_time.coarse_step import CoarseStep
from gno.models.operator.operator import Operator

STEP = "time_step"
"""Input of the operator inside: how far ahead in time the next state lies."""
PREDICTIONS = ("change", "state")
"""What the operator inside returns: the change over the step, or the state after it."""

State = Float[Tensor, "nodes channels"]


class Propagator(nn.Module):
    r"""A state on a mesh, taken from one time to a later one by any operator, in one step of any length.

    .. math::
        u(t + \tau) = u(t) + T_\Delta^{-1}\big(G_\theta(T(u(t)), T(a), T(\tau), \mathrm{geometry})\big)

    The operator inside sees the still fields, the state and the time step, and returns the change, which has a
    normalizer of its own, or with ``predict="state"`` the next state. The nodes of ``fixed`` patches take the values
    that are given there, exactly, after every step: of all fields, or of ``fixed_fields``. On the wall of a flow the
    velocity is given, and the pressure is not. With a ``StepCorrector`` inside, the change is that of a solver's
    step and a correction.

    Source: Pfaff et al. 2021, arXiv 2010.03409, section 3.3 (changes as targets, values imposed on the boundary); the
    step as an input: Gupta & Brandstetter 2022, arXiv 2209.15616, section 3.

    Args:
        operator: inputs: still fields, then the state, then ``time_step``; targets: one for each field of the state.
        states: fields of the state.
        predict: ``change`` or ``state``.
        fixed: patches whose nodes are given; ``*`` is the whole outer boundary.
        fixed_fields: fields that are given there; all without them.

    Raises:
        ConfigError: an operator of other inputs or targets, a ``predict`` that is unknown or cannot be, or a field that
            is none of the state.
    """

    given_channels: Bool[Tensor, " channels"]

    def __init__(
        self,
        operator: Operator,
        states: Sequence[Channel],
        *,
        predict: str = "change",
        fixed: Sequence[str] = (),
        fixed_fields: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.operator, self.states = operator, tuple(states)
        self.predict_as, self.fixed, self.fixed_fields = predict, tuple(fixed), tuple(fixed_fields)
        if predict not in PREDICTIONS:
            raise ConfigError(f"predict {predict!r} is unknown", why=f"known: {', '.join(PREDICTIONS)}")
        self.register_buffer("given_channels", _given_channels(self.states, self.fixed_fields), persistent=False)
        wanted = [*(channel.spec.name for channel in self.states), STEP]
        found = [channel.spec.name for channel in operator.inputs][-len(wanted) :]
        if found != wanted or operator.num_outputs != self.num_states:
            raise ConfigError(
                f"the operator's last inputs are {', '.join(found)}, its outputs {operator.num_outputs} channels",
                why=f"they must be {', '.join(wanted)}, and {self.num_states} channels",
            )
        self.coarse_step = None
        if isinstance(operator.network, StepCorrector):
            if predict != "change":
                raise ConfigError(f"predict {predict!r} with a solver's step", why='it makes a change: "change"')
            self.coarse_step = CoarseStep(operator.network, operator, self.states)

    @classmethod
    def from_dataset(
        cls,
        dataset: MeshDataset,
        model: str = "mgkn",
        *,
        strides: Sequence[int] = (1,),
        predict: str = "change",
        fixed: Sequence[str] = (),
        fixed_fields: Sequence[str] = (),
        **options: Any,
    ) -> Propagator:
        """An untrained propagator for the trajectories of a dataset.

        Args:
            dataset: any split of it; its targets are the state.
            model: name of the network.
            strides: instants that a step may span; lengths and changes of such steps are measured.
            predict: ``change`` or ``state``.
            fixed: patches whose nodes are given.
            fixed_fields: fields that are given there; all without them.
            **options: of ``Operator.from_dataset``.

        Raises:
            ConfigError: options that cannot be, or a boundary that is no matter of ``fixed``.
            DataError: a dataset without trajectories, or with inputs that change in time.
        """
        from gno.models.in_time.build import build_in_time, seen_trajectories

        operator, states = build_in_time(dataset, model, strides=strides, predict=predict, options=options)
        propagator = cls(operator, states, predict=predict, fixed=fixed, fixed_fields=fixed_fields)
        if propagator.coarse_step is not None:
            propagator.coarse_step.measure(seen_trajectories(dataset), strides)
        return propagator

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the inputs that are parameters, as of ``Operator``."""
        return self.operator.params

    @property
    def num_states(self) -> int:
        """Channels of the state."""
        return sum(channel.spec.components for channel in self.states)

    @property
    def still(self) -> tuple[Channel, ...]:
        """Input fields that stand still in time."""
        return self.operator.inputs[: -len(self.states) - 1]

    @property
    def needed(self) -> tuple[Channel, ...]:
        """What a mesh has to have: the fields that stand still, then the first state."""
        return self.operator.inputs[:-1]

    def graph(self, mesh: Mesh, like: MultilevelData | None = None) -> MultilevelData:
        """The graph of a mesh: that of the operator, and ``is_fixed (nodes,)``.

        Args:
            mesh: with the still fields; the state is given to ``advance``.
            like: a graph of the same mesh with other fields, whose edges are taken.

        Raises:
            DataError: a mesh without one of the still fields, or without a patch that is fixed.
        """
        if like is not None:
            graph, num = copy.copy(like), sum(channel.spec.components for channel in self.still)
            encoded = [channel.encode(channel.values(mesh)).to(like.x.dtype) for channel in self.still]
            graph.x = torch.cat([*encoded, like.x[:, num:]], dim=1)
            return graph
        names = {channel.spec.name: channel.spec.components for channel in self.operator.inputs[len(self.still) :]}
        blank = {name: np.ones((mesh.num_points, k)[: 1 + (k > 1)]) for name, k in names.items()}
        graph = self.operator.graph(mesh.with_data({**mesh.point_data, **blank}))
        graph.is_fixed = torch.from_numpy(fixed_nodes(mesh, self.fixed))
        if self.coarse_step is not None:
            graph.stepper = self.coarse_step.stepper(mesh)
        return graph

    def with_step(self, mesh: Mesh, step: float) -> Mesh:
        """The mesh with the length of a step beside its fields, as the operator inside takes it.

        Args:
            mesh: with the still fields and the state.
            step: length.
        """
        return mesh.with_data({**mesh.point_data, STEP: np.full(mesh.num_points, step)})

    def state(self, mesh: Mesh) -> State:
        """The state at the nodes of a mesh, in the operator's precision.

        Args:
            mesh: with the fields of the state.

        Raises:
            DataError: one is missing.
        """
        values = torch.cat([channel.values(mesh) for channel in self.states], dim=1)
        return values.to(next(self.operator.parameters()))

    def at(self, graph: Any, state: State, step: Float[Tensor, " graphs"] | float) -> Any:
        """The graph with a state and the length of a step among what the operator inside sees.

        Args:
            graph: made by ``graph``, or a PyG ``Batch`` of such.
            state: physical values.
            step: length of the step, perhaps one for each graph of the batch.
        """
        moved, x, first = copy.copy(graph), graph.x, sum(channel.spec.components for channel in self.still)
        last = first + self.num_states + 1
        steps = torch.as_tensor(step, dtype=x.dtype, device=x.device).reshape(-1, 1)
        length = self.operator.inputs[-1].encode(steps[graph.batch] if len(steps) > 1 else steps)
        if self.coarse_step is not None:
            moved.update(self.coarse_step.seen(graph, state, steps))
        own = self.encode(state) if self.coarse_step is None else moved.relative
        length = length.expand(x.shape[0], 1)  # len(x) would fix the size of an exported program
        moved.x = torch.cat([x[:, :first], own, length, x[:, last:]], dim=1)
        return moved

    def advance(
        self, graph: Any, state: State, step: Float[Tensor, " graphs"] | float, given: State | None = None
    ) -> State:
        """The state one step later.

        Args:
            graph: made by ``graph``, or a PyG ``Batch`` of such.
            state: physical values.
            step: length of the step, perhaps one for each graph of the batch.
            given: values after the step, taken at fixed nodes; without it they stay as they are there.

        Shapes:
            - output: ``(nodes, channels)``
        """
        moved = self.at(graph, state, step)
        new = self.operator.decode(self.operator(moved).to(state.dtype))  # under autocast it comes in half precision
        if self.predict_as == "change":
            new = state + new
        if self.coarse_step is not None:
            new = self.coarse_step.admitted(graph, new, moved.stepped)
        is_given = graph.is_fixed[:, None] & self.given_channels
        return torch.where(is_given, state if given is None else given, new)

    def rollout(
        self,
        graph: Any,
        state: State,
        steps: Sequence[float],
        given: Float[Tensor, "instants nodes channels"] | None = None,
    ) -> Iterator[State]:
        """The states after each of some steps, one after the other.

        Args:
            graph: made by ``graph``.
            state: physical values at the beginning.
            steps: their lengths.
            given: values after each step, of which those at fixed nodes are taken.
        """
        for number, step in enumerate(steps):
            state = self.advance(graph, state, step, None if given is None else given[number])
            yield state

    def encode(self, state: State) -> State:
        """The state as the network sees it.

        Args:
            state: physical values.
        """
        parts = state.split([channel.spec.components for channel in self.states], dim=1)
        return torch.cat([channel.encode(part) for channel, part in zip(self.states, parts)], dim=1)

    @property
    def deviation(self) -> Float[Tensor, " channels"]:
        """Standard deviation of each channel of the state in training."""
        return torch.tensor([std for channel in self.states for std in channel.normalizer.std])

    def fields(self, state: Float[Tensor, "*instants nodes channels"]) -> dict[str, Tensor]:
        """Field to values ``(nodes,)``, or ``(nodes, components)`` of more than one.

        Args:
            state: physical values, perhaps of several instants.
        """
        parts = state.split([channel.spec.components for channel in self.states], dim=-1)
        named = {channel.spec.name: part for channel, part in zip(self.states, parts)}
        return {name: part[..., 0] if part.shape[-1] == 1 else part for name, part in named.items()}

    def predict(self, mesh: Mesh, steps: Sequence[float]) -> Iterator[Mesh]:
        """The mesh with the state after each of some steps, in point data and, as means of the corners, in cell data.

        Args:
            mesh: with the still fields and the state at the beginning.
            steps: their lengths.

        Raises:
            DataError: a mesh of another dimension, or without a field or a patch.
            SolverError: the network gives numbers that are not finite.
        """
        from gno.models.in_time.prediction import predict_in_time

        return predict_in_time(self, mesh, steps)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the operator inside, as ``torch.nn.Module.compile`` does: the propagator itself is never called.

        Args:
            *args: of ``torch.compile``.
            **kwargs: of ``torch.compile``.
        """
        self.operator.compile(*args, **kwargs)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file, as ``Operator.save``.

        Args:
            path: a ``.safetensors`` file.

        Raises:
            ResourceError: no space, no such folder, or no right to write there.
            ConfigError: a network that is not registered.
        """
        from gno.models.in_time.saved import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Propagator:
        """Read a model file of a propagator, without running code from it.

        Args:
            path: a ``.safetensors`` file.

        Raises:
            ModelError: the file is missing, damaged, foreign, of a newer format, or of a model without time.
        """
        from gno.models.in_time.saved import load

        return load(path)


def _given_channels(states: Sequence[Channel], fields: Sequence[str]) -> Bool[Tensor, " channels"]:
    """Which channels of the state are given at fixed nodes."""
    names = [channel.spec.name for channel in states]
    unknown = [name for name in fields if name not in names]
    if unknown:
        raise ConfigError(
            f"fixed_fields has {unknown[0]!r}", why=f"fields of the state: {', '.join(names)}",
            fix=suggestion(unknown[0], names),
        )  # fmt: skip
    return torch.tensor([not fields or c.spec.name in fields for c in states for _ in range(c.spec.components)])
