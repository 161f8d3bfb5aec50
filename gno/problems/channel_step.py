"""Steps of a flow through a channel from what the nodes of its mesh know, differentiably."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import DataError
from gno.mesh import Mesh
from gno.mesh.refine import refine
from gno.problems.channel import Channel
from gno.problems.channel_solver import ChannelSolver

Fields = Mapping[str, Tensor]
"""Name to values ``(samples, nodes, components)``."""


class ChannelStep:
    r"""The pressure-correction solver on the mesh of the nodes: some of its steps for each step of a model.

    A cell starts from the mean of its corners, :math:`u_P = \frac{1}{|P|} \sum_{i \in P} u_i`, freed of divergence; the
    nodes get what the cells around them extrapolate, as in the data. Nodes of the inlet and the walls keep their
    velocities. The pressure follows from the velocity: that of the state before does not count. A gradient goes through
    all steps of the solver.

    Args:
        mesh: in 2-D, with the patches ``inlet`` and ``outlet``; all others are walls.
        viscosity: kinematic.
        courant: part of a cell's content that may leave it in one step of the solver, at the beginning of a span.

    Raises:
        DataError: a mesh without these patches.

    Example:
        >>> channel = Channel(0.2, 0.2, 0.05, 1.0)
        >>> mesh = channel.mesh(150, seed=0)
        >>> u = channel.profile(torch.from_numpy(mesh.points))[None]
        >>> state = {"velocity": u, "pressure": torch.zeros_like(u[..., :1])}
        >>> after = ChannelStep(mesh, viscosity=1e-3).advance(state, {}, torch.tensor([0.05]))
        >>> tuple(after["velocity"].shape) == tuple(u.shape), bool(after["pressure"].max() > 0.3)
        (True, True)
    """

    def __init__(self, mesh: Mesh, *, viscosity: float, courant: float = 0.9) -> None:
        missing = [name for name in ("inlet", "outlet") if name not in mesh.boundary]
        if missing:
            raise DataError(
                f"the mesh has no patch {missing[0]!r}",
                why="the solver has to know where the channel begins and ends",
                fix=f"name it; there are {', '.join(mesh.boundary) or 'none'}",
            )
        self.mesh, self.viscosity, self.courant = mesh, viscosity, courant
        inlet = np.unique(mesh.boundary["inlet"])
        self._inlet = torch.from_numpy(inlet)
        self._profile = Channel(0.0, 0.0, 0.0, 1.0).profile(torch.from_numpy(mesh.points[inlet]))[:, 0]
        self._solver = self._solver_on(mesh)

    def advance(
        self,
        state: Fields,
        given: Fields,  # noqa: ARG002 - as of Stepper
        steps: Float[Tensor, " samples"],
    ) -> dict[str, Tensor]:
        """Velocity and pressure a step later.

        Args:
            state: with ``velocity``.
            given: is not looked at.
            steps: length of the step of each sample.
        """
        found = []
        for u, step in zip(state["velocity"], steps.tolist()):
            if not u.isfinite().all():  # a rollout that is lost stays so
                found.append((torch.full_like(u, torch.nan), torch.full_like(u[:, :1], torch.nan)))
                continue
            speed = self._speed(u)
            flow = self._solver.start(u, speed)
            found.append(self._solver.at_nodes(self._solver.after(flow, speed, step), speed, u))
        return _stacked(found)

    def admitted(self, state: Fields, near: Fields) -> dict[str, Tensor]:  # noqa: ARG002 - as of Stepper
        """The state itself: the next step frees it of divergence, which at nodes has no meaning of its own.

        Args:
            state: its fields, with a correction.
            near: is not looked at.
        """
        return dict(state)

    def march(
        self,
        first: Fields,
        given: Fields,  # noqa: ARG002 - as of Stepper
        steps: Sequence[float],
        *,
        finer: int = 1,
    ) -> Iterator[dict[str, Tensor]]:
        """What the solver makes of a first state, step by step, at the nodes; between steps it keeps its own cells.

        Args:
            first: state, with ``velocity``.
            given: is not looked at.
            steps: their lengths.
            finer: how many times shorter the edges of the solver's mesh are.
        """
        solver = self._solver if finer == 1 else self._solver_on(refine(self.mesh, finer))
        speeds, fine = [self._speed(u) for u in first["velocity"]], self._interpolated(first["velocity"], finer)
        flows = [solver.start(u, speed) for u, speed in zip(fine, speeds)]
        for step in steps:
            flows = [solver.after(flow, speed, step) for flow, speed in zip(flows, speeds)]
            found = _stacked([solver.at_nodes(*each) for each in zip(flows, speeds, fine)])
            yield {name: values[:, : self.mesh.num_points] for name, values in found.items()}  # those come first

    def _solver_on(self, mesh: Mesh) -> ChannelSolver:
        return ChannelSolver(mesh, viscosity=self.viscosity, courant=self.courant)

    def _speed(self, u: Float[Tensor, "nodes 2"]) -> float:
        """Mean speed of the inflow: that of the parabola nearest to the velocity at the inlet."""
        along = u.detach()[self._inlet, 0]
        return float(along @ self._profile / (self._profile @ self._profile))

    def _interpolated(self, u: Float[Tensor, "samples nodes 2"], finer: int) -> Float[Tensor, "samples fine 2"]:
        """Velocities at the nodes of the mesh and of a finer one, linear between them."""
        if finer == 1:
            return u
        series = {str(i): values.detach().numpy() for i, values in enumerate(u)}
        fine = refine(self.mesh.with_data(series), finer)
        return torch.from_numpy(np.stack([fine.point_data[name] for name in series]))


def _stacked(found: Sequence[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    velocity, pressure = zip(*found)
    return {"velocity": torch.stack(velocity), "pressure": torch.stack(pressure)}
