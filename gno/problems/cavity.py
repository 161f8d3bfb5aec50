"""Flow that a lid drives, from rest, in cavities of random depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from gno.datasets import FieldSpec
from gno.fv import Condition, FVMesh, NoSlip, Projection
from gno.fv.incompressible.state import FlowState
from gno.mesh import Mesh, refine, shapes
from gno.problems.deal import Deal, Part
from gno.problems.domain import Domain
from gno.problems.node_values import NodeValues
from gno.problems.problem import Draw, Family
from gno.problems.recorded import LIMIT, Held, Recorded, Recorder, check_courant, flow_fields

# A step of this many times the edge lets about a whole cell's content leave it at the speed of the lid.
_STEP = 0.5


@dataclass(frozen=True, kw_only=True)
class Cavity(Family):
    r"""Incompressible flow in a box whose lid begins to slide at time 0 with speed 1.

    .. math::
        \partial_t v + \nabla \cdot (v v) = -\nabla p + \nu \nabla^2 v, \qquad \nabla \cdot v = 0, \qquad
        v = (1, 0) \text{ on the lid}, \; 0 \text{ on the walls}

    Width of the box and speed of the lid are 1, so the Reynolds number is :math:`1 / \nu`; it is drawn evenly in its
    logarithm, the depth of the box evenly. Each sample has its mesh; the label is solved on the one with all edges cut.

    Source: Ghia, Ghia and Shin 1982, https://doi.org/10.1016/0021-9991(82)90058-4, for the square box.

    Args:
        reynolds: least and greatest Reynolds number.
        depth: least and greatest depth of the box.
        nodes: about how many nodes a mesh has.
        refinement: parts of each edge in the mesh on which the label is solved.
        steps: instants after the start.
        interval: time between instants.
        courant: part of a cell's content that may leave it in one step of the solver, about.
        test_fraction: share of the samples held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = Cavity(nodes=60, refinement=1, steps=2).sample(0)
        >>> draw.time.tolist(), bool(draw.params["divergence"] < 1e-12)
        ([0.0, 0.25, 0.5], True)
    """

    name: ClassVar[str] = "cavity"
    equation: ClassVar[str] = "dv/dt + div(v v) = -grad p + nu lap v, div v = 0; v: velocity, p: pressure over density"

    reynolds: tuple[float, float] = (100.0, 1000.0)
    depth: tuple[float, float] = (0.7, 1.5)
    nodes: int = 1000
    refinement: int = 2
    steps: int = 80
    interval: float = 0.25
    courant: float = 0.8
    test_fraction: float = 1 / 6
    part: Part = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive("interval", "courant")
        self._check_least(nodes=20, refinement=1, steps=1, seed=0)
        self._check_ranges("reynolds", "depth")
        check_courant(self.courant)
        _ = self._deal

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``velocity`` and ``pressure`` in time."""
        return flow_fields()

    def sample(self, index: int) -> Draw:
        """A trajectory; its parameters say what was drawn, and how well it is solved.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
            SolverError: a step cannot be short enough, or the flow has a divergence.
        """
        number, split = self._deal.mesh(index)
        rng = np.random.default_rng([self.seed, number])
        reynolds, depth = float(np.exp(rng.uniform(*np.log(self.reynolds)))), float(rng.uniform(*self.depth))
        mesh = self._mesh(depth, int(rng.integers(2**31)))
        fine = refine(mesh, self.refinement)
        found = self._recorded(mesh, fine, reynolds)
        change = float(np.abs(found.velocity[-1] - found.velocity[-2]).max()) / self.interval
        inner = np.setdiff1d(np.arange(mesh.num_points), mesh.boundary_nodes)
        found.velocity[0, inner] = 0.0  # at rest, whatever the gradient at the lid makes of it
        return found.draw(mesh, {"reynolds": reynolds, "depth": depth, "unsteadiness": change}, split, index)

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, 1, self.part)

    def _mesh(self, depth: float, seed: int) -> Mesh:
        edge = Domain("rectangle", depth, 2 + 2 * depth, shapes.square).edge_length(self.nodes)
        mesh = shapes.rectangle(edge, 1.0, depth, seed=seed)
        walls = np.concatenate([mesh.boundary[name] for name in ("left", "right", "bottom")])
        return Mesh(mesh.points, mesh.cells, {"lid": mesh.boundary["top"], "wall": walls})

    def _recorded(self, mesh: Mesh, fine: Mesh, reynolds: float) -> Recorded:
        conditions: dict[str, Condition] = {"lid": NoSlip((1.0, 0.0)), "wall": NoSlip()}
        volumes, given = FVMesh.of(fine), np.zeros(mesh.num_points, dtype=np.bool_)
        velocity = np.zeros((mesh.num_points, 2))
        velocity[np.unique(mesh.boundary["lid"]), 0] = 1.0
        velocity[np.unique(mesh.boundary["wall"])] = 0.0
        given[mesh.boundary_nodes] = True

        def solver(dt: float) -> Projection:
            return Projection(volumes, conditions, dt=dt, courant=LIMIT)

        def nothing(_: Projection, __: FlowState) -> list[float]:
            return []

        recorder = Recorder(NodeValues(fine, mesh.points), solver, 1 / reynolds, Held(given, velocity), nothing)
        step = self.courant * _STEP * mesh.edge_length / self.refinement
        return recorder.record(
            lambda solver: solver.start(torch.zeros(fine.num_cells, 2, dtype=torch.float64)),
            interval=self.interval,
            instants=self.steps,
            steps=int(np.ceil(self.interval / step)),
        )
