"""The vortex street behind a cylinder in a channel: how often it sheds, and what drag and lift it makes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gno.bench.references import STREET
from gno.bench.row import Row
from gno.bench.timing import Seconds, stopwatch
from gno.fv.boundary.conditions import Condition, Inlet, NoSlip, PressureOutlet
from gno.fv.incompressible.drag import coefficients
from gno.fv.incompressible.force_history import ForceHistory
from gno.fv.incompressible.projection import Projection
from gno.fv.incompressible.state import FlowState
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes

HEIGHT, CENTER, RADIUS = 0.41, 0.2, 0.05
VISCOSITY = 1e-3
GROWTH, WAKE = 0.07, 0.25
"""Growth of the length of edges with the distance from the cylinder; the length behind it, over the greatest."""


class VortexStreet:
    """Case 2D-2 of Schaefer and Turek: Reynolds number 100.

    Args:
        finest: length of edges at the cylinder.
        coarsest: the greatest length.
        dt: length of a step.
        end: of the time, whose second half counts.
    """

    known = tuple(STREET)

    def __init__(self, finest: float, coarsest: float, dt: float, end: float) -> None:
        self._lengths, self.dt, self.end = (finest, coarsest), dt, end

    @cached_property
    def mesh(self) -> Mesh:
        """Of the channel."""
        return _channel(*self._lengths)

    @cached_property
    def found(self) -> tuple[Mapping[str, float], Seconds]:
        """Strouhal number, largest drag and lift, and what they cost; a number of 0 where nothing is shed."""
        history = ForceHistory(["hole_0"])
        cost = stopwatch(lambda: self._march(history))
        summary = history.summary(velocity=1.0, length=2 * RADIUS)["hole_0"]
        values = (summary[name] or 0.0 for name in ("strouhal", "cd_max", "cl_max"))
        return dict(zip(STREET, values)), cost

    def error(self, name: str) -> Row:
        """What is missed, relative to the middle of the bounds.

        Args:
            name: one of ``known``.
        """
        found, (processor, wall) = self.found
        error = abs(found[name] / STREET[name] - 1)
        numbers = {"found": found[name], "dt": self.dt, "CPU seconds": processor, "seconds": wall}
        return Row(f"vortex street: {name}", self.mesh.num_cells, "error", error, numbers=numbers)

    @torch.no_grad()
    def _march(self, history: ForceHistory) -> None:
        boundary: dict[str, Condition] = {"inlet": Inlet(_profile), "outlet": PressureOutlet(), "*": NoSlip()}
        solver = Projection(FVMesh.of(self.mesh), boundary, dt=self.dt, courant=1.5)

        def measure(flow: FlowState) -> None:
            force = solver.force(flow, "hole_0", viscosity=VISCOSITY)
            cd, cl = coefficients(force, velocity=1.0, length=2 * RADIUS)
            history.append(flow.time, {"hole_0": (float(cd), float(cl))})

        solver.advance(_kicked, round(self.end / self.dt), viscosity=VISCOSITY, on_step=measure)


def _channel(finest: float, coarsest: float) -> Mesh:
    """Triangles, finest at the cylinder and fine behind it."""

    def size(x: np.ndarray) -> np.ndarray:
        away = np.hypot(x[:, 0] - CENTER, x[:, 1] - CENTER) - RADIUS
        aside = np.clip((x[:, 0] - CENTER) / 2 + 5 * np.abs(x[:, 1] - CENTER), 0, 1)
        behind = np.where(x[:, 0] > CENTER, coarsest * (WAKE + (1 - WAKE) * aside), coarsest)
        return np.minimum(finest + GROWTH * np.maximum(away, 0), behind)

    corners, names = [(0, 0), (2.2, 0), (2.2, HEIGHT), (0, HEIGHT)], ["wall", "outlet", "wall", "inlet"]
    return shapes.polygon(corners, coarsest, holes=[(CENTER, CENTER, RADIUS)], names=names, size=size, seed=1)


def _profile(x: Tensor) -> Tensor:
    return torch.stack([6 * x[:, 1] * (HEIGHT - x[:, 1]) / HEIGHT**2, 0 * x[:, 0]], 1)


def _kicked(x: Tensor) -> Tensor:
    """The profile, with a push to one side that starts the shedding."""
    push = 0.3 * torch.exp(-((x[:, 0] - 0.35) ** 2 + (x[:, 1] - CENTER) ** 2) / 0.005)
    return _profile(x) + torch.stack([0 * push, push], 1)
