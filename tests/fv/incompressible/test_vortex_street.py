"""The vortex street behind a cylinder in a channel at Reynolds 100."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.fv.boundary.conditions import Inlet, NoSlip, PressureOutlet
from gno.fv.incompressible.projection import Projection
from gno.fv.incompressible.state import FlowState
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes

HEIGHT, DT, END = 0.41, 0.0008, 6.0


def channel() -> Mesh:
    """About 4,750 triangles, finest at the cylinder and fine behind it."""

    def size(x: np.ndarray) -> np.ndarray:
        away = np.hypot(x[:, 0] - 0.2, x[:, 1] - 0.2) - 0.05
        behind = np.clip((x[:, 0] - 0.2) / 2 + 5 * np.abs(x[:, 1] - 0.2), 0, 1)
        coarse = np.where(x[:, 0] > 0.2, 0.03 * (0.35 + 0.65 * behind), 0.03)
        return np.minimum(0.004 + 0.12 * np.maximum(away, 0), coarse)

    corners, names = [(0, 0), (2.2, 0), (2.2, HEIGHT), (0, HEIGHT)], ["wall", "out", "wall", "in"]
    return shapes.polygon(corners, 0.03, holes=[(0.2, 0.2, 0.05)], names=names, size=size, seed=1)


def profile(x: Tensor) -> Tensor:
    return torch.stack([6 * x[:, 1] * (HEIGHT - x[:, 1]) / HEIGHT**2, 0 * x[:, 0]], 1)


def kicked(x: Tensor) -> Tensor:
    """The profile, with a push to one side that starts the shedding."""
    push = 0.3 * torch.exp(-((x[:, 0] - 0.35) ** 2 + (x[:, 1] - 0.2) ** 2) / 0.005)
    return profile(x) + torch.stack([0 * push, push], 1)


@pytest.mark.long
def test_frequency_drag_and_lift_of_the_vortex_street() -> None:
    """Case 2D-2 of Schaefer and Turek 1996: St .295 to .305, largest drag 3.22 to 3.24 and lift .99 to 1.01."""
    boundary = {"in": Inlet(profile), "out": PressureOutlet(), "*": NoSlip()}
    solver = Projection(FVMesh.of(channel()), boundary, dt=DT, courant=1.5)
    forces: list[tuple[float, ...]] = []

    def measure(flow: FlowState) -> None:
        drag, lift = (20 * solver.force(flow, "hole_0", viscosity=0.001)).tolist()
        forces.append((flow.time, drag, lift))

    with torch.no_grad():
        solver.advance(kicked, round(END / DT), viscosity=0.001, on_step=measure)
    time, drag, lift = (column[round((END - 2) / DT) :] for column in np.array(forces).T)
    up = np.flatnonzero((lift[:-1] < 0) & (lift[1:] >= 0))
    crossing = time[up] - lift[up] * DT / (lift[up + 1] - lift[up])
    assert 0.1 / np.diff(crossing).mean() == pytest.approx(0.3, rel=0.035)
    assert drag.max() == pytest.approx(3.23, rel=0.02)
    assert lift.max() == pytest.approx(1.0, rel=0.05)
