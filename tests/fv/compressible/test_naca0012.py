"""NACA 0012 in a gas: forces, shocks and spurious drag, on meshes of our own and on those of CFD-GCN."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.fv import Compressible, CompressibleFlow, FarField, PseudoTime, Slip
from gno.fv.compressible.interpolated import flow_from
from gno.mesh import Mesh, load, shapes
from gno.testing import observed_order

pytestmark = pytest.mark.long
AROUND = {"airfoil": Slip(), "farfield": FarField()}
FOLDER = Path(os.environ.get("GNO_CFD_GCN_MESHES", "meshes"))
"""Where the meshes of github.com/locuslab/cfd-gcn lie; they have no license and are not shipped."""


def cfd_gcn(name: str) -> Mesh:
    path = FOLDER / f"NACA0012_{name}.su2"
    if not path.exists():
        pytest.skip(f"{path} is not there: set GNO_CFD_GCN_MESHES to the folder of the meshes of CFD-GCN")
    return load(path)


def upper_shock(mesh: Mesh, flow: CompressibleFlow) -> float:
    """Where the pressure on the upper side rises through that of the speed of sound."""
    node = flow.wall("airfoil").numpy()
    x, y = mesh.points[node].T
    upper = (y > 0) & (x > 0.3) & (x < 0.95)
    order = np.argsort(x[upper])
    x, mach = x[upper][order], flow.mach.detach().numpy()[node][upper][order]
    last = int(np.flatnonzero((mach[:-1] > 1) & (mach[1:] <= 1))[-1])
    return float(x[last] + (mach[last] - 1) / (mach[last] - mach[last + 1]) * (x[last + 1] - x[last]))


def test_transonic_forces_are_those_of_su2_on_its_mesh() -> None:
    mesh = cfd_gcn("fine")
    flow = Compressible(mesh, AROUND, scheme="jst").solve(mach=0.8, alpha=1.25)
    assert flow.report.residual < 1e-8
    assert float(flow.cl) == pytest.approx(0.330430, rel=0.01)
    assert float(flow.cd) == pytest.approx(0.021658, rel=0.02)
    assert 0.63 < upper_shock(mesh, flow) < 0.66


def test_derivatives_of_transonic_forces_equal_central_differences() -> None:
    solver = Compressible(cfd_gcn("coarse"), AROUND, scheme="jst")
    at = torch.tensor([0.8, 1.25], dtype=torch.float64)
    start = solver.solve(mach=0.8, alpha=1.25)

    def forces(at: torch.Tensor) -> torch.Tensor:
        flow = solver.solve(mach=at[0], alpha=at[1], initial=start, method=PseudoTime(tolerance=1e-12))
        return torch.stack([flow.cl, flow.cd])

    exact = torch.autograd.functional.jacobian(forces, at)
    for k, h in enumerate([1e-6, 1e-5]):
        step = h * torch.eye(2, dtype=torch.float64)[k]
        difference = (forces(at + step) - forces(at - step)) / (2 * h)
        assert float((difference - exact[:, k]).abs().max()) < 1e-6 * float(exact[:, k].abs().max())


@pytest.mark.parametrize("scheme", ["jst", "roe"])
def test_spurious_drag_falls_from_mesh_to_mesh(scheme: str) -> None:
    drag = []
    for name in ("xcoarse", "coarse", "fine"):
        flow = Compressible(cfd_gcn(name), AROUND, scheme=scheme).solve(mach=0.5, alpha=1.25)
        drag.append(float(flow.cd))
    assert drag[0] > drag[1] > drag[2]
    assert drag[2] < 1e-3


def test_transonic_forces_on_a_mesh_of_ours_come_near_those_without_end() -> None:
    flow, coarser = None, None
    for num in (64, 128):  # from the coarser flow it takes half of the steps
        mesh = shapes.airfoil_o(shapes.naca("0012"), around=num, outward=num, far_field=100.0)
        solver = Compressible(mesh, {"airfoil": Slip(), "farfield": FarField(vortex=True)})
        start = None if coarser is None else flow_from(coarser, solver, solver.free_stream(mach=0.8, alpha=1.25))
        flow = solver.solve(mach=0.8, alpha=1.25, initial=start)
        coarser = mesh.with_data({name: getattr(flow, name).numpy() for name in ("density", "velocity", "pressure")})
        print(f"{num} x {num}: lift {flow.cl:.5f}, drag {flow.cd:.6f}, {flow.report}"[:120])
    assert flow is not None
    assert float(flow.cl) == pytest.approx(0.356, rel=0.03)  # Vassberg and Jameson 2010, J. Aircraft 47, 1152
    assert float(flow.cd) == pytest.approx(0.0227, rel=0.05)


@pytest.mark.filterwarnings("ignore:the far field is 9.5 chords")
@pytest.mark.parametrize("mach", [0.5, 0.8])
def test_lift_at_far_fields_at_several_distances(mach: float) -> None:
    lift = {}
    for distance, outward in ((10.0, 20), (20.0, 24), (50.0, 29), (100.0, 33)):  # steps of the same ratio
        mesh = shapes.airfoil_o(shapes.naca("0012"), around=48, outward=outward, far_field=distance)
        for vortex in (False, True):
            held = {"airfoil": Slip(), "farfield": FarField(vortex=vortex)}
            flow = Compressible(mesh, held).solve(mach=mach, alpha=1.25)
            lift[distance, vortex] = float(flow.cl)
            print(f"Mach {mach}, {distance:g} chords, vortex {vortex}: lift {flow.cl:.5f}, drag {flow.cd:.5f}")
    without, swirled = (abs(lift[10.0, v] / lift[100.0, v] - 1) for v in (False, True))
    assert without > 0.03
    assert swirled < 0.01
    assert swirled < without / 10


@pytest.mark.parametrize("scheme", ["jst", "roe", "hllc"])
def test_spurious_drag_falls_with_the_edges(scheme: str) -> None:
    sizes, drag, lift = (32, 64, 96), [], []
    for around in sizes:
        mesh = shapes.airfoil_o(shapes.naca("0012"), around=around, outward=around // 2, far_field=50.0)
        flow = Compressible(mesh, AROUND, scheme=scheme).solve(mach=0.5, alpha=1.25)
        drag.append(float(flow.cd))
        lift.append(float(flow.cl))
    order = observed_order([1 / around for around in sizes], drag)
    print(f"{scheme} {order:.2f}", [f"{d:.2e}" for d in drag], [f"{value:.4f}" for value in lift])
    assert order > 1.5
    assert drag[-1] < 4e-3
    assert 0.165 < lift[-1] < 0.18  # from below to the .180 of Vassberg and Jameson 2010, J. Aircraft 47, 1152
    assert lift[0] < lift[1] < lift[2]
