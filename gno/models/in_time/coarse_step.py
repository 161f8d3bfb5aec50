"""The step of a solver inside of a propagator: what it makes of a state, and what the network sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.datasets.sample import Sample
from gno.mesh.geometry import node_volume
from gno.mesh.mesh import Mesh
from gno.models.coarse.stepper import Stepper
from gno.models.features.channel import Channel
from gno.models.hybrids.step_corrector import StepCorrector, check_steppable
from gno.models.in_time.series import series_of
from gno.models.operator.operator import Operator
from gno.problems.registry import family_of

_LOOKED_AT = 24  # steps of each trajectory that typical sizes are measured on, evenly spread

State = Float[Tensor, "nodes channels"]
States = Float[Tensor, "samples nodes channels"]


class CoarseStep:
    """What a propagator with a ``StepCorrector`` knows of the solver.

    Args:
        network: which corrects it.
        operator: that has the network.
        states: fields of the state.
    """

    def __init__(self, network: StepCorrector, operator: Operator, states: Sequence[Channel]) -> None:
        self.network, self.states, self.targets = network, tuple(states), operator.targets
        self.still, self.name = operator.inputs[: -len(self.states) - 1], str(operator.attributes.get("pde", "none"))
        if network.solver is None:
            network.solver = family_of(operator.attributes)  # type: ignore[assignment]

    def stepper(self, mesh: Mesh) -> Stepper:
        """The step of the solver on the nodes of a mesh.

        Args:
            mesh: any.

        Raises:
            ConfigError: the problem that the model names offers none, and nobody has given one.
            DataError: nodes that the solver does not take.
        """
        check_steppable(self.network.solver, self.name)
        return self.network.solver.stepper(mesh)  # type: ignore[union-attr]

    def seen(self, graph: Any, state: State, steps: Float[Tensor, "graphs 1"]) -> dict[str, Tensor]:
        """What ``StepCorrector`` takes; ``stepped``, the state after the step of the solver; ``relative``, before it.

        Args:
            graph: with a ``stepper``, or a batch of such.
            state: physical values.
            steps: length of the step of each graph, or one for all.
        """
        lengths = steps[:, 0].double().cpu()
        given = torch.cat([state.new_zeros(len(state), 0), *self._given(graph)], dim=1)

        def advanced(stepper: Stepper, graphs: Tensor, u: Tensor, a: Tensor) -> Tensor:
            tau = lengths[graphs] if len(lengths) > 1 else lengths.expand(len(graphs))
            return self.joined(stepper.advance(self.named(u), _split(a, self.still), tau))

        stepped = _each(graph, advanced, state, given)
        size = _each(graph, lambda _, __, u, weight: self.size(u, weight), state, graph.node_volume[:, None])
        change, std = stepped - state, state.new_tensor([x for c in self.targets for x in c.normalizer.std])
        parts = change.split([c.spec.components for c in self.targets], dim=1)
        base = torch.cat([c.encode(part) for c, part in zip(self.targets, parts)], dim=1)
        unit = torch.where(size > 0, size, 1.0)
        return {
            "base": base, "unit": size / std, "change": change / unit, "relative": state / unit, "stepped": stepped
        }  # fmt: skip

    def admitted(self, graph: Any, state: State, near: State) -> State:
        """The states that the equations admit nearest to corrected ones.

        Args:
            graph: with a ``stepper``, or a batch of such.
            state: corrected.
            near: after the solver's step alone.
        """
        return _each(
            graph, lambda stepper, _, u, v: self.joined(stepper.admitted(self.named(u), self.named(v))), state, near
        )

    @torch.no_grad()
    def march(
        self, mesh: Mesh, state: State, steps: Sequence[float], *, finer: int = 1
    ) -> Float[Tensor, "instants nodes channels"]:
        """The states of the plain solver after each of some steps.

        Args:
            mesh: with the inputs that stand still.
            state: physical values at the beginning.
            steps: their lengths.
            finer: how many times finer the mesh of the solver is than that of the data.
        """
        given = {channel.spec.name: channel.values(mesh)[None] for channel in self.still}
        first = self.named(state.double().cpu()[None])
        found = self.stepper(mesh).march(first, given, steps, finer=finer)
        return torch.cat([self.joined(fields) for fields in found]).to(state)

    def named(self, values: States) -> dict[str, Tensor]:
        """The fields of some states.

        Args:
            values: of all channels.
        """
        return _split(values, self.states)

    def joined(self, fields: Mapping[str, Tensor]) -> States:
        """The inverse of ``named``.

        Args:
            fields: of the state, and perhaps others.
        """
        return torch.cat([fields[channel.spec.name] for channel in self.states], dim=2)

    def size(self, u: States, weight: Float[Tensor, "samples nodes 1"]) -> States:
        """The root mean square of the field of each channel, the same at all nodes.

        Args:
            u: states.
            weight: volumes of the nodes.
        """
        share = weight / weight.sum(dim=1, keepdim=True)
        found = [(share * part.square()).sum(dim=(1, 2)).sqrt() for part in self.named(u).values()]
        counts = torch.tensor([channel.spec.components for channel in self.states])
        return torch.stack(found, dim=1).repeat_interleave(counts, dim=1)[:, None].expand_as(u)

    @torch.no_grad()
    def measure(self, samples: Iterable[Sample], strides: Sequence[int]) -> None:
        """Set the typical sizes of correction and change in the network, from training trajectories.

        Args:
            samples: whole trajectories.
            strides: instants that a step spans.
        """
        squares = []
        for sample in samples:
            mesh, series = sample.mesh, torch.from_numpy(series_of(sample, self.states))
            time = np.asarray(sample.time)
            stepper, weight = self.stepper(mesh), torch.from_numpy(node_volume(mesh))[None, :, None]
            given = {channel.spec.name: channel.values(mesh)[None] for channel in self.still}
            for stride in (s for s in strides if s < len(series)):
                begin = np.unique(np.linspace(0, len(series) - 1 - stride, _LOOKED_AT).astype(int))
                u, truth = series[begin], series[begin + stride]
                steps = torch.from_numpy(time[begin + stride] - time[begin])
                everywhere = {name: a.expand(len(u), -1, -1) for name, a in given.items()}
                stepped = self.joined(stepper.advance(self.named(u), everywhere, steps))
                size, share = self.size(u, weight.expand(len(u), -1, -1)), weight / weight.sum()
                parts = [(share * (v / size).square()).sum(dim=1) for v in (truth - stepped, stepped - u)]
                squares.append(torch.stack(parts, dim=1).nan_to_num(0.0, 0.0))
        typical = torch.cat(squares).mean(dim=0).sqrt()
        for name, values in zip(("scale", "change_scale"), torch.where(typical > 0, typical, 1.0)):
            getattr(self.network, name).copy_(values)

    def _given(self, graph: Any) -> Iterator[Tensor]:
        """Physical values of the inputs that stand still."""
        counts = [channel.spec.components for channel in self.still]
        parts = graph.x[:, : sum(counts)].split(counts, dim=1) if counts else ()
        return (channel.decode(part) for channel, part in zip(self.still, parts))


class Alike(NamedTuple):
    """Graphs of a batch that share a mesh.

    Args:
        stepper: of the mesh.
        graphs: their numbers.
        rows: their nodes in the batch.
    """

    stepper: Stepper
    graphs: Int[Tensor, " samples"]
    rows: Int[Tensor, "samples nodes"]


def _alike(graph: Any) -> list[Alike]:
    steppers = graph.stepper if isinstance(graph.stepper, list) else [graph.stepper]
    first = graph.ptr.tolist() if len(steppers) > 1 else [0, graph.num_nodes]
    groups: dict[int, list[int]] = {}
    for number, stepper in enumerate(steppers):
        groups.setdefault(id(stepper), []).append(number)
    return [
        Alike(
            steppers[numbers[0]],
            torch.tensor(numbers),
            torch.stack([torch.arange(first[i], first[i + 1]) for i in numbers]),
        )
        for numbers in groups.values()
    ]


def _each(graph: Any, function: Callable[..., Tensor], *values: Float[Tensor, "nodes _"]) -> Float[Tensor, "nodes _"]:
    """A function of the values of all graphs that share a mesh, in double precision on the CPU, and back."""
    groups = _alike(graph)
    double = [v.double().cpu() for v in values]
    found = [function(group.stepper, group.graphs, *(v[group.rows] for v in double)).flatten(0, 1) for group in groups]
    back = torch.argsort(torch.cat([group.rows.flatten() for group in groups]))
    return torch.cat(found)[back].to(values[0])


def _split(values: Float[Tensor, "samples nodes _"], channels: Sequence[Channel]) -> dict[str, Tensor]:
    parts = values.split([channel.spec.components for channel in channels], dim=2) if channels else ()
    return {channel.spec.name: part for channel, part in zip(channels, parts)}
