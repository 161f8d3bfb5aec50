"""Solvers of tensors on meshes that carry fields: the same numbers, and a corrector takes them all in one way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, DataError
from gno.fv import Diffusion, Dirichlet, NavierStokes, NoSlip, cells_to_nodes
from gno.mesh import Mesh, cell_volume, shapes
from gno.models import CoarseSolve, Operator
from gno.models.coarse.compressible import CoarseCompressible
from gno.models.coarse.diffusion import CoarseDiffusion
from gno.models.coarse.incompressible import CoarseIncompressible
from gno.models.coarse.solver_on_mesh import SolverOnMesh
from gno.problems import misfit

pytestmark = pytest.mark.usefixtures("double")

CAVITY = {"top": {"noslip": [1.0, 0.0]}, "*": "noslip"}
SOLVERS: dict[str, SolverOnMesh] = {
    "diffusion": SolverOnMesh(CoarseDiffusion(("permeability", "source"))),
    "incompressible": SolverOnMesh(CoarseIncompressible(CAVITY)),
    "compressible": SolverOnMesh(CoarseCompressible({"airfoil": "slip", "farfield": "farfield"})),
}


def given(name: str, edge_length: float, seed: int) -> Mesh:
    """A square with the inputs of a solver; the source and the viscosity are parameters, the same everywhere."""
    draw = np.random.default_rng(seed)
    if name == "compressible":
        mesh = shapes.airfoil_o(shapes.naca("0012"), around=24, outward=8)
        mach, alpha = draw.uniform(0.3, 0.5), draw.uniform(0.0, 2.0)
        return mesh.with_data({"mach": np.full(mesh.num_points, mach), "alpha": np.full(mesh.num_points, alpha)})
    mesh = shapes.square(edge_length)
    even = np.full(mesh.num_points, draw.uniform(0.02, 0.1))
    if name == "incompressible":
        return mesh.with_data({"viscosity": even})
    x, y = mesh.points.T
    return mesh.with_data({"permeability": np.exp(np.sin(6 * x + seed) * np.cos(5 * y)), "source": 50 * even})


def test_fields_and_residuals_are_those_of_the_solvers() -> None:
    mesh = given("diffusion", 0.1, 0)
    solved = SOLVERS["diffusion"].solve(mesh)
    k = np.concatenate([mesh.point_data["permeability"][c].mean(axis=1) for c in mesh.cells.values()])
    problem, f = Diffusion(mesh, {"*": Dirichlet(0.0)}), float(mesh.point_data["source"][0])
    found = problem.solve(k, f)
    u = cells_to_nodes(mesh, found.u, found.gradient, {"*": Dirichlet(0.0)}).numpy()
    assert np.abs(solved.point_data["u"] - u).max() < 1e-12
    cells = np.concatenate([u[c].mean(axis=1) for c in mesh.cells.values()])
    assert np.allclose(SOLVERS["diffusion"].residual(solved)[:, 0], problem.residual(cells, k, f).numpy(), atol=1e-9)


def test_the_residual_of_a_flow_vanishes_at_the_solution_and_knows_no_level_of_pressure() -> None:
    mesh = shapes.square(0.125, kind="quad")
    cavity = NavierStokes(mesh, {"top": NoSlip((1.0, 0.0)), "*": NoSlip()})
    flow = cavity.solve(viscosity=0.02)
    rest = cavity.residual(flow.velocity, flow.pressure + 3.0, viscosity=0.02)
    start = cavity.residual(torch.zeros_like(flow.velocity), torch.zeros_like(flow.pressure), viscosity=0.02)
    assert rest.shape == (64, 3)
    assert float(rest.norm()) < 1e-9 * float(start.norm())
    # Without a flow the lid alone drags: momentum in x, by viscosity, through the upper faces.
    drag = (torch.from_numpy(cell_volume(mesh))[:, None] * start).sum(dim=0)
    assert drag.numpy() == pytest.approx([-0.02 * 1.0 / (0.125 / 2), 0.0, 0.0], rel=1e-9, abs=1e-12)
    with pytest.raises(ConfigError, match=r"a velocity of shape \(2, 2\), a pressure of \(2,\)"):
        cavity.residual(flow.velocity[:2], flow.pressure[:2], viscosity=0.02)


@pytest.mark.parametrize("name", SOLVERS)
def test_one_corrector_takes_every_solver(name: str, tmp_path: Path) -> None:
    """From a dataset by the fine solver to a trained corrector: it starts at the coarse solution, and gets nearer."""
    solver, meshes = SOLVERS[name], [given(name, 0.1, seed) for seed in range(3)]
    samples = [solver.solve(mesh) for mesh in meshes]
    inputs = [FieldSpec(field) for field in meshes[0].point_data]
    with DatasetWriter(tmp_path / "d.h5", [*inputs, *solver.solver.outputs]) as writer:
        for number, sample in enumerate(samples):
            writer.append(sample, split="train" if number else "test")
    torch.manual_seed(0)
    airfoil = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6) if name == "compressible" else None
    coarse = CoarseSolve(solver.solver, nodes=30, mesh=airfoil)
    options: dict[str, Any] = {"options": {"width": 8, "cycles": 1}, "geometry": {"levels": 2}}
    if airfoil is not None:  # no radius suits cells of a hundredth of a chord and of ten
        options = {"network": "meshgraphnet", "options": {"width": 16, "depth": 4}, "geometry": {"levels": 1}}
    with MeshDataset(tmp_path / "d.h5") as dataset:
        operator = Operator.from_dataset(dataset, "SolverCorrector", coarse=coarse, **options)
    rate = 1e-2 if airfoil is None else 3e-3  # at 1e-2 the error goes up and down, and rounding says where it ends
    graphs, optimizer = [operator.graph(s) for s in samples], torch.optim.Adam(operator.parameters(), rate)

    def missed() -> torch.Tensor:
        return torch.stack([(operator(g) - g.y).norm() / (g.base - g.y).norm() for g in graphs[1:]]).mean()

    assert float(missed().detach()) == pytest.approx(1.0, abs=1e-9)
    for _ in range(25 if airfoil is None else 75):
        optimizer.zero_grad()
        missed().backward()
        optimizer.step()
    assert float(missed().detach()) < 0.75
    found = operator.predict(meshes[1])
    base = coarse.prolonged(meshes[1], [spec.name for spec in solver.solver.outputs])
    rounding = 1 + 1e-12  # of scaling there and back
    assert 0 < misfit(solver, found).relative <= rounding * misfit(solver, base).relative
    if airfoil is None:
        assert set(found.point_data["is_corrected"]) == {1.0}
    assert misfit(solver, solver.start(meshes[1])).relative == pytest.approx(1.0, rel=1e-12)


def test_the_residual_of_a_gas_vanishes_at_its_flow_and_its_start_is_the_free_stream() -> None:
    mesh, solver = given("compressible", 0.1, 0), SOLVERS["compressible"]
    start = solver.start(mesh).point_data
    assert np.ptp(start["density"]) == 0
    mach, alpha = mesh.point_data["mach"][0], np.radians(mesh.point_data["alpha"][0])
    assert np.allclose(start["velocity"], mach * np.array([np.cos(alpha), np.sin(alpha)]))
    assert misfit(solver, solver.solve(mesh)).relative < 1e-8


def test_a_missing_input_is_named() -> None:
    with pytest.raises(DataError, match="needs the field 'viscosity' at the nodes"):
        SOLVERS["incompressible"].solve(shapes.square(0.25))
