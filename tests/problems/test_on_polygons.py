"""Heat and waves on shapes: eigenmodes of the square, energy, one problem at all resolutions, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator

from gno.datasets import check
from gno.errors import ConfigError, MeshError, SolverError
from gno.mesh import Mesh, cell_volume, node_volume, shapes
from gno.problems import Heat, Stirred, Wave, generate
from gno.problems.elements import Elements
from gno.problems.on_polygons import OnPolygons, Setting
from gno.problems.schemes import CrankNicolson
from gno.testing import observed_order

SMALL = {"nodes": 150, "instants": 5, "substeps": 120, "refinement": 2}


def test_the_matrices_are_those_of_linear_functions() -> None:
    mesh = shapes.disk(0.25)
    elements = Elements(mesh)
    inner = elements.inner
    row = np.asarray(elements.mass.sum(axis=1)).ravel()
    far = [i for i, k in enumerate(inner) if not np.isin(_neighbors(mesh, k), mesh.boundary_nodes).any()]
    third = np.zeros(mesh.num_points)
    np.add.at(third, mesh.cells["triangle"], cell_volume(mesh)[:, None] / 3)
    np.testing.assert_allclose(row[far], third[inner[far]], rtol=1e-12)
    linear = elements.stiffness @ (mesh.points[inner] @ [1.0, 2.0])
    np.testing.assert_allclose(linear[far], 0.0, atol=1e-12)  # a linear function has no curvature
    with pytest.raises(MeshError, match="cells quad; linear elements need triangles"):
        Elements(shapes.square(0.5, kind="quad"))


def _neighbors(mesh: Mesh, node: int) -> np.ndarray:
    return np.unique(mesh.cells["triangle"][(mesh.cells["triangle"] == node).any(axis=1)])


@pytest.mark.parametrize(
    ("problem", "factor"),
    [(Heat(diffusivity=0.05, substeps=24), np.exp(-0.05 * 5 * np.pi**2)), (Wave(), np.cos(np.sqrt(5) * np.pi))],
    ids=["heat", "wave"],
)
def test_an_eigenmode_of_the_square_changes_by_its_factor_at_second_order(problem: OnPolygons, factor: float) -> None:
    h, error = [], []
    for n in (8, 16, 32):
        mesh = shapes.square(1 / n, kind="structured")
        elements = Elements(mesh)
        x, y = mesh.points[elements.inner].T
        mode = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
        scheme = problem.scheme(Setting(elements, mesh.points, np.random.default_rng(0)))
        last = scheme.march(mode, 0.25 / n, instants=3, substeps=2 * n).states[0, -1]
        h.append(1 / n)
        error.append(float(np.abs(last - factor * mode).max()))
    assert abs(observed_order(h, error) - 2) < 0.25
    assert error[-1] < 0.02


@pytest.mark.parametrize("kind", [Heat, Stirred, Wave])
def test_another_resolution_is_the_same_problem(kind: type[OnPolygons]) -> None:
    coarse, fine = (kind(**{**SMALL, "nodes": nodes, "shapes": ("l_shape",)}).sample(1) for nodes in (300, 900))
    assert coarse.point_series is not None
    assert fine.point_series is not None
    for t in (0, 2, 4):
        wanted = LinearNDInterpolator(fine.mesh.points, fine.point_series["u"][t])(coarse.mesh.points)
        inside = np.isfinite(wanted)
        found = coarse.point_series["u"][t][inside]
        assert np.linalg.norm(found - wanted[inside]) < 0.06 * np.linalg.norm(wanted[inside])


@pytest.mark.parametrize("kind", [Heat, Stirred, Wave])
def test_a_trajectory_is_zero_on_the_boundary_and_accounts_for_its_energy(kind: type[OnPolygons]) -> None:
    draw, again = kind(**SMALL).sample(2), kind(**SMALL).sample(2)
    assert draw.point_series is not None
    assert again.point_series is not None
    u = draw.point_series["u"]
    assert not u[:, draw.mesh.boundary_nodes].any()
    np.testing.assert_array_equal(u, again.point_series["u"])
    assert draw.params["energy_balance"] < 1e-12
    assert draw.params["step_error"] < 0.02


def test_what_a_flow_carries_is_conserved_and_a_turning_flow_turns_it() -> None:
    mesh = shapes.disk(0.05, radius=1.0)
    elements = Elements(mesh)
    x, y = mesh.points[elements.inner].T
    stream = 0.5 * (x**2 + y**2 - 1)  # v = (y, -x): once around in 2 pi, to the right
    np.testing.assert_allclose(elements.velocity(stream).mean(axis=0), 0.0, atol=1e-2)
    c = elements.convection(stream)
    assert abs(c + c.T).max() < 1e-15
    bump = np.exp(-((x - 0.4) ** 2 + y**2) / 0.04)
    none = 0 * elements.stiffness
    found = CrankNicolson(elements.mass, none, c).march(bump, np.pi / 400, instants=2, substeps=200)
    turned = np.exp(-(x**2 + (y + 0.4) ** 2) / 0.04)  # a quarter
    assert np.linalg.norm(found.states[0, 1] - turned) < 0.05 * np.linalg.norm(turned)
    assert found.balance < 1e-12


def test_the_flow_that_stirs_has_its_speed_and_stays_inside() -> None:
    data = Stirred(nodes=300, instants=3, substeps=40).sample(0).mesh
    square = (data.point_data["velocity"] ** 2).sum(axis=1)
    assert np.average(square, weights=node_volume(data)) == pytest.approx(1.0, rel=0.1)
    assert not data.point_data["stream"][data.boundary_nodes].any()


def test_heat_has_no_new_extremes_and_a_wave_starts_at_rest() -> None:
    heat, wave = Heat(**SMALL).sample(0).point_series, Wave(**SMALL).sample(0).point_series
    assert heat is not None
    assert wave is not None
    largest = np.abs(heat["u"]).max(axis=1)
    assert (np.diff(largest) < 0).all()
    assert not wave["rate"][0].any()
    assert np.abs(wave["rate"][1]).max() > 0.1


def test_held_out_shapes_are_for_the_test_alone(tmp_path: Path) -> None:
    problem = Heat(nodes=60, instants=3, refinement=1, shapes=("polygon",), test_fraction=0.5)
    families = {split: set() for split in ("train", "test")}
    for i in range(12):
        draw = problem.sample(i)
        families[draw.split].add(draw.params["family"])
    assert families["train"] == {3.0}
    assert 4.0 in families["test"]
    assert check(generate(problem, tmp_path / "a.h5", 2)).ok


def test_steps_that_are_too_long_are_refused() -> None:
    with pytest.raises(SolverError, match=r"sample 0 changes by .* with half the steps"):
        Wave(nodes=100, instants=3, substeps=2).sample(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shapes": ("star",)}, "shape 'star' is unknown"),
        ({"shapes": ()}, "shapes is empty"),
        ({"substeps": 3}, "substeps is 3; it must be even"),
        ({"diffusivity": 0.0}, "diffusivity is 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Heat(**options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="speed is -1"):
        Wave(speed=-1.0)
    with pytest.raises(ConfigError, match="sample -1"):
        Heat(**SMALL).sample(-1)
