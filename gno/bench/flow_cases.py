"""Steady flows whose answers are known, on meshes of our own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gno.bench.references import CYLINDER, EXTREMES, GHIA
from gno.fv.boundary.conditions import Condition, Inlet, NoSlip, PressureOutlet
from gno.fv.incompressible.drag import Coefficients, coefficients, forces
from gno.fv.incompressible.flow import Flow
from gno.mesh import Mesh, cell_volume, shapes


class FlowCase(ABC):
    """A flow to be solved for, and what is known of it.

    Args:
        name: for readers.
        mesh: its cells.
        boundary: patch to condition.
        viscosity: kinematic.
        speed: that of the boundary.
    """

    known: ClassVar[tuple[str, ...]]
    """Names of the errors."""

    def __init__(
        self, name: str, mesh: Mesh, boundary: Mapping[str, Condition], *, viscosity: float, speed: float
    ) -> None:
        self.name, self.mesh, self.boundary, self.viscosity, self.speed = name, mesh, boundary, viscosity, speed

    @abstractmethod
    def errors(self, flow: Flow, forces: Coefficients | None = None) -> dict[str, float]:
        """By how much a flow misses what is known, by name.

        Args:
            flow: of ours, or the fields of a peer as ours.
            forces: of the peer, as it knows them itself.
        """

    @abstractmethod
    def functional(self, flow: Flow) -> Tensor:
        """A number to be differentiated.

        Args:
            flow: of ours.
        """


class Cavity(FlowCase):
    """A square under a lid that moves, at Reynolds number 100.

    Args:
        h: length of edges.
        kind: ``quad`` or ``delaunay``.
    """

    known = ("profiles (Ghia)", "extremes (Botella)")

    def __init__(self, h: float, kind: str) -> None:
        cells = {"quad": "quads", "delaunay": "triangles"}[kind]
        boundary = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}
        super().__init__(f"cavity, {cells}", shapes.square(h, kind=kind), boundary, viscosity=0.01, speed=1.0)

    def errors(self, flow: Flow, forces: Coefficients | None = None) -> dict[str, float]:  # noqa: ARG002
        """Greatest deviation from Ghia's tables, in speeds of the lid, and from the extremes, relative to them."""
        missed = [_across(flow, place, axis) - velocity for axis, (place, velocity) in enumerate(GHIA[100])]
        line = torch.linspace(0.002, 0.998, 499, dtype=torch.float64)
        u, v = _across(flow, line, 0), _across(flow, line, 1)
        found, exact = torch.stack([u.min(), v.min(), v.max()]), torch.tensor(EXTREMES, dtype=torch.float64)
        errors = torch.cat(missed).nan_to_num(nan=0.0), found / exact - 1
        return {name: float(error.abs().max()) for name, error in zip(self.known, errors)}

    def functional(self, flow: Flow) -> Tensor:
        """Kinetic energy."""
        return (torch.from_numpy(cell_volume(self.mesh)) * (flow.velocity**2).sum(1)).sum() / 2


class Cylinder(FlowCase):
    """A channel with a cylinder, case 2D-1 of Schaefer and Turek: Reynolds number 20.

    Args:
        finest: length of edges at the cylinder.
        coarsest: the greatest length.
    """

    known = tuple(CYLINDER)

    def __init__(self, finest: float, coarsest: float) -> None:
        def size(x: np.ndarray) -> np.ndarray:
            return finest + 0.06 * np.maximum(np.hypot(x[:, 0] - 0.2, x[:, 1] - 0.2) - 0.05, 0)

        corners, names = [(0, 0), (2.2, 0), (2.2, 0.41), (0, 0.41)], ["bottom", "outlet", "top", "inlet"]
        mesh = shapes.polygon(corners, coarsest, holes=[(0.2, 0.2, 0.05)], names=names, size=size)
        inlet = Inlet(lambda x: torch.stack([1.2 * x[:, 1] * (0.41 - x[:, 1]) / 0.41**2, 0 * x[:, 1]], 1))
        boundary: dict[str, Condition] = {"inlet": inlet, "outlet": PressureOutlet(), "*": NoSlip()}
        super().__init__("cylinder, triangles", mesh, boundary, viscosity=1e-3, speed=0.3)

    def errors(self, flow: Flow, forces: Coefficients | None = None) -> dict[str, float]:
        """Relative errors of drag, lift, and the difference of pressure."""
        cd, cl = forces or self._coefficients(flow)
        front, back = flow.probe(torch.tensor([[0.15, 0.2], [0.25, 0.2]], dtype=torch.float64))[1]
        found = {"drag": cd, "lift": cl, "pressure": front - back}
        return {name: abs(float(found[name]) / exact - 1) for name, exact in CYLINDER.items()}

    def functional(self, flow: Flow) -> Tensor:
        """Drag."""
        return self._coefficients(flow).cd

    @staticmethod
    def _coefficients(flow: Flow) -> Coefficients:
        return coefficients(forces(flow, "hole_0"), velocity=0.2, length=0.1)


def _across(flow: Flow, place: Tensor, axis: int) -> Tensor:
    """Component of the velocity across a center line: u on the vertical, v on the horizontal one."""
    middle = torch.full_like(place, 0.5)
    return flow.probe(torch.stack([middle, place] if axis == 0 else [place, middle], 1))[0][:, axis]
