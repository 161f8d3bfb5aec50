"""The solver of the flow through a channel on one mesh, between values at its nodes."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv import Condition, FVMesh, Projection
from gno.fv.incompressible.state import FlowState
from gno.fv.reconstruction.nodes import cells_to_nodes
from gno.mesh import Mesh
from gno.problems.channel import Channel, nodes_on

_MOST = 512  # steps in a span: a flow that asks for more is lost, and its errors say so


class ChannelSolver:
    """Steps of ``Projection`` in a channel, as many in a span of time as the flow at its beginning asks for.

    Args:
        mesh: of the channel.
        viscosity: kinematic.
        courant: part of a cell's content that may leave it in one step, at the beginning of a span.

    Example:
        >>> channel = Channel(0.2, 0.2, 0.05, 1.0)
        >>> mesh = channel.mesh(150, seed=0)
        >>> solver = ChannelSolver(mesh, viscosity=1e-3, courant=0.9)
        >>> flow = solver.start(channel.profile(torch.from_numpy(mesh.points)), speed=1.0)
        >>> round(solver.after(flow, 1.0, span=0.05).time, 6)
        0.05
    """

    def __init__(self, mesh: Mesh, *, viscosity: float, courant: float) -> None:
        self.mesh, self.viscosity, self.courant = mesh, viscosity, courant
        self._volumes, self._corners = FVMesh.of(mesh), [torch.tensor(cells) for cells in mesh.cells.values()]
        self._given = torch.from_numpy(nodes_on(mesh, [name for name in mesh.boundary if name != "outlet"]))
        self._at_rest, self._steps = self._stepping(1.0), dict[float, Projection]()

    def start(self, u: Float[Tensor, "nodes 2"], speed: float) -> FlowState:
        """The flow in the cells, free of divergence.

        Args:
            u: velocity at the nodes.
            speed: mean of the inflow.
        """
        means = torch.cat([u[corners].mean(dim=1) for corners in self._corners])
        return self._at_rest.start(means, boundary=_conditions(speed))

    def after(self, flow: FlowState, speed: float, span: float) -> FlowState:
        """The flow after a span of time.

        Args:
            flow: at its beginning.
            speed: mean of the inflow.
            span: its length.
        """
        length = float(f"{span / self._count(flow, span):.7g}")  # instants of four bytes have no two equal spans
        if length not in self._steps:
            self._steps[length] = self._stepping(length)
        step = self._steps[length]
        driving = step.driving(self.viscosity, boundary=_conditions(speed))
        for _ in range(round(span / length)):
            flow = step.driven(flow, driving)
        return flow._replace(before=None)  # the next span may have steps of another length

    def at_nodes(
        self, flow: FlowState, speed: float, u: Float[Tensor, "nodes 2"]
    ) -> tuple[Float[Tensor, "nodes 2"], Float[Tensor, "nodes 1"]]:
        """Velocity and pressure at the nodes.

        Args:
            flow: in the cells.
            speed: mean of the inflow.
            u: velocities, of which those at the inlet and the walls are taken.
        """
        slopes, down = self._at_rest.gradients(flow, boundary=_conditions(speed))
        parts = [
            cells_to_nodes(self.mesh, flow.velocity[:, 0], slopes[:, 0]),
            cells_to_nodes(self.mesh, flow.velocity[:, 1], slopes[:, 1]),
        ]
        velocity = torch.where(self._given[:, None], u, torch.stack(parts, dim=1))
        return velocity, cells_to_nodes(self.mesh, flow.pressure, down)[:, None]

    def _stepping(self, length: float) -> Projection:
        return Projection(self._volumes, _conditions(1.0), dt=length, courant=math.inf)

    def _count(self, flow: FlowState, span: float) -> int:
        """Steps in a span: a power of the square root of 2, so that there are few factors to make."""
        wanted = span * self._at_rest.courant_number(flow) / self.courant  # that is of steps of length one
        if not wanted <= _MOST:  # or not finite
            return _MOST
        return math.ceil(2 ** (math.ceil(2 * math.log2(max(wanted, 1.0))) / 2))


def _conditions(speed: float) -> dict[str, Condition]:
    return Channel(0.0, 0.0, 0.0, speed).conditions
