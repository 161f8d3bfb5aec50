"""Flow past a cylinder: the benchmark of MeshGraphNets, made with finite volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from gno.datasets import FieldSpec
from gno.errors import ConfigError
from gno.fv import FVMesh, Projection
from gno.fv.incompressible.force_history import frequency
from gno.fv.incompressible.state import FlowState
from gno.mesh import Mesh
from gno.problems.channel import CYLINDER, HEIGHT, Channel
from gno.problems.channel_step import ChannelStep
from gno.problems.deal import Deal, Part
from gno.problems.node_values import NodeValues
from gno.problems.problem import Draw, Family
from gno.problems.recorded import LIMIT, Recorded, Recorder, check_courant, flow_fields

# A step of this many times the finest edge over the mean inflow lets about a whole cell's content leave it.
_STEP = 0.19


@dataclass(frozen=True, kw_only=True)
class CylinderFlow(Family):
    r"""Incompressible flow past a cylinder in a channel, from a pushed start to the street of vortices.

    .. math::
        \partial_t v + \nabla \cdot (v v) = -\nabla p + \nu \nabla^2 v, \qquad \nabla \cdot v = 0

    The inflow is a parabola; nodes of the walls, the inlet and the cylinder have their velocities exactly. The pressure
    is over the density. Place and size of the cylinder and the inflow are uniform in their ranges; each sample has its
    mesh.

    Source: Pfaff et al. 2021, arXiv 2010.03409, appendix A.1; the channel is that of Schaefer and Turek 1996.

    Args:
        viscosity: kinematic, nu.
        x: least and greatest abscissa of the cylinder's center.
        y: least and greatest ordinate of the cylinder's center, in a channel of height 0.41.
        radius: least and greatest radius of the cylinder.
        inflow: least and greatest mean speed at the inlet.
        nodes: about how many nodes a mesh has.
        label_nodes: about how many nodes the mesh has on which the label is solved.
        steps: instants after the start.
        interval: time between instants.
        courant: part of a cell's content that may leave it in one step of the solver, about.
        test_fraction: share of the samples held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = CylinderFlow(nodes=150, label_nodes=150, steps=2).sample(0)
        >>> draw.point_series["velocity"].shape[::2], bool(draw.params["divergence"] < 1e-12)
        ((3, 2), True)
    """

    name: ClassVar[str] = "cylinder"
    equation: ClassVar[str] = "dv/dt + div(v v) = -grad p + nu lap v, div v = 0; v: velocity, p: pressure over density"
    constants: ClassVar[Mapping[str, str]] = {"viscosity": "viscosity"}

    viscosity: float = 1e-3
    x: tuple[float, float] = (0.15, 0.35)
    y: tuple[float, float] = (0.14, 0.27)
    radius: tuple[float, float] = (0.035, 0.06)
    inflow: tuple[float, float] = (0.5, 1.5)
    nodes: int = 1900
    label_nodes: int = 4000
    steps: int = 600
    interval: float = 0.01
    courant: float = 1.1
    test_fraction: float = 1 / 6
    part: Part = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive("viscosity", "interval", "courant")
        self._check_least(nodes=100, label_nodes=100, steps=1, seed=0)
        self._check_ranges("x", "y", "radius", "inflow")
        gap = min(self.x[0], self.y[0], HEIGHT - self.y[1]) - self.radius[1]
        end = self.x[1] + self.radius[1]
        if gap < 0.02 or end > 0.8:
            raise ConfigError(
                f"the cylinder may come within {gap:.3g} of a wall or the inlet, and end {end:.3g} behind the inlet",
                why="it must leave 0.02 to them, and end in the first half of the channel of 1.6",
                fix="narrow x, y or radius",
            )
        check_courant(self.courant)
        _ = self._deal

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``velocity`` and ``pressure`` in time."""
        return flow_fields("m/s", "m2/s2")

    def sample(self, index: int) -> Draw:
        """A trajectory; its parameters say what was drawn, and how well it is solved.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
            SolverError: a step cannot be short enough, or the flow has a divergence.
        """
        return self.prepared(index)()

    def prepared(self, index: int) -> Callable[[], Draw]:
        """As of any family: both meshes and the map from one to the other are there.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
        """
        number, split = self._deal.mesh(index)
        rng = np.random.default_rng([self.seed, number])
        channel = Channel(*(float(rng.uniform(*getattr(self, o))) for o in ("x", "y", "radius", "inflow")))
        side, seed = float(rng.choice([-1.0, 1.0])), int(rng.integers(2**31))
        mesh, fine = (channel.mesh(nodes, seed) for nodes in (self.nodes, self.label_nodes))
        volumes = FVMesh.of(fine)

        def solver(dt: float) -> Projection:
            return Projection(volumes, channel.conditions, dt=dt, courant=LIMIT)

        def force(solver: Projection, flow: FlowState) -> list[float]:
            found: list[float] = solver.force(flow, CYLINDER, viscosity=self.viscosity).tolist()
            return found

        step = self.courant * _STEP * channel.finest(self.label_nodes) / channel.inflow
        recorder = Recorder(NodeValues(fine, mesh.points), solver, self.viscosity, channel.held(mesh), force)

        def solved() -> Draw:
            found = recorder.record(
                lambda solver: solver.start(partial(channel.start, side)),
                interval=self.interval,
                instants=self.steps,
                steps=int(np.ceil(self.interval / step)),
            )
            return found.draw(mesh, self._numbers(channel, found), split, index)

        return solved

    def stepper(self, mesh: Mesh) -> ChannelStep:
        """The solver on the cells of a mesh, as a part of a model: differentiable, from nodes to nodes.

        Args:
            mesh: of a channel, with patches as in the data.

        Raises:
            DataError: a mesh without inlet or outlet.
        """
        return ChannelStep(mesh, viscosity=self.viscosity)

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, 1, self.part)

    def _numbers(self, channel: Channel, found: Recorded) -> dict[str, float]:
        """What was drawn, and of the second half of the time: drag, lift and Strouhal number, 0 without vortices."""
        size = 2 * channel.radius
        drag, lift = found.watched[len(found.watched) // 2 :].T / (0.5 * channel.inflow**2 * size)
        rate = frequency(found.time[-len(lift) :], lift) if np.ptp(lift) > 1e-3 * np.abs(drag).max() else None
        return {
            "x": channel.x,
            "y": channel.y,
            "radius": channel.radius,
            "inflow": channel.inflow,
            "reynolds": channel.inflow * size / self.viscosity,
            "drag_mean": float(drag.mean()),
            "lift_max": float(np.abs(lift).max()),
            "strouhal": 0.0 if rate is None else rate * size / channel.inflow,
        }
