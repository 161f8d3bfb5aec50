"""The permeability that a coarse mesh sees: bounds, layers, turns, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest

from gno.fv import Diffusion, Dirichlet
from gno.mesh import Mesh, cell_centroid, cell_volume, coarsen, node_volume, refine, shapes
from gno.mesh.interpolation import Interpolation
from gno.mesh.means import corner_mean
from gno.mesh.transfer import cell_means
from gno.problems import Darcy
from gno.problems.misfit import misfit
from gno.problems.upscaling import upscaled

FINE = shapes.l_shape(0.04)
COARSE = coarsen(FINE, 60)
TWO_PHASE = np.where(np.sin(9 * cell_centroid(FINE) @ [1.0, 0.6]) > 0, 12.0, 3.0)


def test_all_directions_lie_between_the_harmonic_and_the_arithmetic_mean() -> None:
    least, greatest = np.linalg.eigvalsh(upscaled(FINE, TWO_PHASE, COARSE)).T
    assert np.allclose(least, 1 / cell_means(FINE, 1 / TWO_PHASE, COARSE))
    assert np.allclose(greatest, cell_means(FINE, TWO_PHASE, COARSE))


def test_a_uniform_medium_stays_what_it_is_and_units_pass_through() -> None:
    assert np.allclose(upscaled(FINE, np.full(FINE.num_cells, 5.0), COARSE), 5 * np.eye(2))
    assert np.allclose(upscaled(FINE, 7 * TWO_PHASE, COARSE), 7 * upscaled(FINE, TWO_PHASE, COARSE))


def test_a_turned_domain_has_turned_tensors() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    fine, coarse = (Mesh(mesh.points @ turn.T, mesh.cells, mesh.boundary) for mesh in (FINE, COARSE))
    assert np.allclose(upscaled(fine, TWO_PHASE, coarse), turn @ upscaled(FINE, TWO_PHASE, COARSE) @ turn.T, atol=1e-9)


def test_flow_through_layers_is_exact_across_and_along() -> None:
    """A coarse mesh of one row of cells, through which ten layers go: the same flux as the fine mesh lets through."""
    coarse = shapes.square(0.5, kind="quad")
    fine = refine(coarse, 10)
    layers = np.where(np.floor(cell_centroid(fine)[:, 1] * 20) % 2 == 0, 1.0, 9.0)
    tensors = upscaled(fine, layers, coarse)
    for low, high in (("left", "right"), ("bottom", "top")):
        walls = {low: Dirichlet(0.0), high: Dirichlet(1.0)}
        others = {name: Dirichlet(lambda x, high=high: x[:, 0] if high == "right" else x[:, 1]) for name in ("*",)}
        flux = Diffusion(coarse, walls | others).solve(tensors, 0.0).flux[high]
        assert float(flux) == pytest.approx(-5.0 if high == "right" else -1.8, rel=1e-9)


def test_a_coarse_solve_errs_less_than_with_either_mean() -> None:
    fine = shapes.square(0.025)
    coarse, weight = coarsen(fine, 150), node_volume(fine)
    medium = np.where(np.sin(20 * cell_centroid(fine) @ [1.0, 0.6]) > 0, 12.0, 3.0)
    truth = Darcy().solve(fine.with_data(cell_data={"permeability": medium})).point_data["u"]

    def error(permeability: np.ndarray) -> float:
        u = Darcy().solve(coarse.with_data(cell_data={"permeability": permeability})).point_data["u"]
        missed = Interpolation.of(coarse, fine.points)(u) - truth
        return float(np.sqrt(weight @ missed**2 / (weight @ truth**2)))

    best = error(upscaled(fine, medium, coarse))
    means = error(cell_means(fine, medium, coarse)), error(1 / cell_means(fine, 1 / medium, coarse))
    assert best < 0.04
    assert best < 0.6 * min(means)


def test_a_problem_takes_its_walls_to_the_coarse_mesh() -> None:
    draw = Darcy(nodes=300, boundary="mixed", shapes=("square",), refinement=1, seed=3).sample(0)
    problem, coarse = Darcy(boundary="mixed"), coarsen(draw.mesh, 60)
    seen = problem.transferred(draw.mesh, coarse)
    assert seen.cell_data["permeability"].shape == (coarse.num_cells, 2, 2)
    for name, facets in coarse.boundary.items():
        fine = draw.mesh.boundary[name]
        assert (seen.point_data["fixed"][facets] > 0.5).all() == (draw.mesh.point_data["fixed"][fine] > 0.5).all()


def test_the_relative_residual_is_one_at_the_start_and_scales_with_the_field() -> None:
    problem = Darcy(source=2.5)
    mesh = FINE.with_data({"permeability": np.ones(FINE.num_points), "u": np.zeros(FINE.num_points)})
    start = misfit(problem, mesh)
    assert start.relative == pytest.approx(1.0, rel=1e-14)
    assert start.scale == pytest.approx(2.5, rel=1e-14)
    u = np.sin(mesh.points[:, 0])
    one = misfit(problem, mesh.with_data({**mesh.point_data, "u": u}))
    ten = misfit(Darcy(source=25.0), mesh.with_data({**mesh.point_data, "u": 10 * u}))
    assert ten.relative == pytest.approx(one.relative, rel=1e-12)
    volume = cell_volume(mesh)
    cells = Diffusion(mesh, {"*": Dirichlet(0.0)}).residual(corner_mean(mesh, u), 1.0, 2.5).numpy()
    assert one.relative == pytest.approx(np.linalg.norm(volume * cells) / np.linalg.norm(2.5 * volume), rel=1e-12)
