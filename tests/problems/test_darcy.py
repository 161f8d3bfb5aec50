"""Darcy samples: labels that fulfill the equation, one physical problem at all resolutions, shapes held out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator

from gno.errors import ConfigError, DataError
from gno.fv import Dirichlet, Neumann
from gno.mesh import Mesh, cell_volume, coarsen, node_volume, shapes
from gno.mesh.means import corner_mean
from gno.problems import PROBLEMS, Darcy
from gno.problems.domain import FAMILIES
from gno.problems.walls import draw_walls, fixed_nodes, walls_of

SMALL = {"nodes": 120, "field_nodes": 1080}


def relative(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def test_registry_names_the_problem() -> None:
    assert PROBLEMS[Darcy.name] is Darcy


@pytest.mark.parametrize("family", FAMILIES)
def test_sample_depends_on_seed_and_index_only(family: str) -> None:
    def problem(seed: int) -> Darcy:
        return Darcy(shapes=(family,), seed=seed, **SMALL)

    problem(0).sample(2)  # another sample before it changes nothing
    one, again, other = problem(0).sample(3), problem(0).sample(3), problem(1).sample(3)
    assert np.array_equal(one.mesh.points, again.mesh.points)
    for name in ("u", "permeability"):
        assert np.array_equal(one.mesh.point_data[name], again.mesh.point_data[name])
    assert one.params == again.params
    assert one.mesh.point_data["u"].shape != other.mesh.point_data["u"].shape or not np.allclose(
        one.mesh.point_data["u"], other.mesh.point_data["u"]
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_another_resolution_is_the_same_problem(family: str) -> None:
    coarse, fine = (Darcy(shapes=(family,), nodes=nodes, field_nodes=1800).sample(1).mesh for nodes in (200, 600))
    assert fine.num_points > 2.5 * coarse.num_points
    u = LinearNDInterpolator(fine.points, fine.point_data["u"])(coarse.points)
    inside = np.isfinite(u)
    assert inside.sum() > 0.75 * coarse.num_points
    assert relative(u[inside], coarse.point_data["u"][inside]) < 0.04


@pytest.mark.parametrize("coefficient", ["two-phase", "log-normal"])
def test_labels_are_close_to_those_of_a_far_finer_label_mesh(coefficient: str) -> None:
    own, usual, best = (Darcy(refinement=parts, coefficient=coefficient).sample(1).mesh for parts in (1, 3, 9))
    assert np.array_equal(usual.points, best.points)
    error, without = (relative(mesh.point_data["u"], best.point_data["u"]) for mesh in (usual, own))
    assert error < 5e-3
    assert error < 0.3 * without  # what cutting the cells is for


def test_label_is_zero_on_the_boundary_and_positive_inside() -> None:
    mesh = Darcy(shapes=("square_with_holes",), **SMALL).sample(0).mesh
    inner = np.setdiff1d(np.arange(mesh.num_points), mesh.boundary_nodes)
    assert not mesh.point_data["u"][mesh.boundary_nodes].any()
    assert (mesh.point_data["u"][inner] > 0).all()
    permeability = mesh.point_data["permeability"]
    assert permeability.min() == pytest.approx(3)
    assert permeability.max() == pytest.approx(12)


def test_plain_solver_is_far_closer_than_the_mean_permeability() -> None:
    problem = Darcy(**SMALL)
    errors = []
    for index in range(4):
        mesh = problem.sample(index).mesh
        label = mesh.point_data["u"]
        solved = problem.solve(mesh)
        assert solved.cell_data["u"].shape == (mesh.num_cells,)
        errors.append([relative(solved.point_data["u"], label), relative(problem.baseline(mesh), label)])
    plain, baseline = np.mean(errors, axis=0)
    assert plain < 0.08
    assert baseline > 0.2


def test_geometric_mean_of_the_nodes_comes_closest_to_the_labels() -> None:
    errors = []
    for index in range(8):
        mesh = Darcy().sample(index).mesh
        at_nodes, label = mesh.point_data["permeability"], mesh.point_data["u"]
        means = corner_mean(mesh, at_nodes), 1 / corner_mean(mesh, 1 / at_nodes)
        cells = [mesh.with_data({}, {"permeability": values}) for values in means]
        errors.append([relative(Darcy().solve(m).point_data["u"], label) for m in (mesh, *cells)])
    geometric, arithmetic, harmonic = np.mean(errors, axis=0)
    assert geometric < 0.85 * min(arithmetic, harmonic)


def test_permeability_of_the_cells_brings_the_plain_solver_nearer_to_the_same_labels() -> None:
    nodes, cells = (
        Darcy(shapes=("square",), nodes=450, permeability_at=place).sample(1) for place in ("nodes", "cells")
    )
    assert np.array_equal(nodes.mesh.point_data["u"], cells.mesh.point_data["u"])
    assert "permeability" not in cells.mesh.point_data
    values = cells.mesh.cell_data["permeability"]
    assert np.isclose(np.sort(np.unique(values.round(9)))[[0, -1]], [3.0, 12.0]).all()
    assert Darcy(permeability_at="cells").fields[0].location == "cell"
    error = [relative(Darcy().solve(draw.mesh).point_data["u"], draw.mesh.point_data["u"]) for draw in (nodes, cells)]
    assert error[1] < 0.7 * error[0]


def test_residual_tells_the_label_from_a_wrong_field() -> None:
    problem = Darcy(shapes=("square",), coefficient="log-normal", nodes=300, field_nodes=900)
    mesh = problem.sample(0).mesh

    def size(values: np.ndarray) -> float:
        residual = problem.residual(mesh.with_data({**mesh.point_data, "u": values}))
        return float(np.sqrt(cell_volume(mesh) @ residual**2))

    label = mesh.point_data["u"]
    assert size(np.zeros_like(label)) == pytest.approx(np.sqrt(cell_volume(mesh).sum()))  # -f, and f is 1
    noise = np.random.default_rng(0).normal(size=len(label)) * 0.1 * label.std()
    assert size(label) < 0.5 * size(label + noise)


def test_test_shapes_are_other_shapes_and_other_families() -> None:
    problem = Darcy(shapes=("square", "l_shape"), test_fraction=0.5, nodes=20, field_nodes=180, refinement=1)
    draws = [problem.sample(i) for i in range(16)]
    names = list(FAMILIES)
    train = {names[int(d.params["family"])] for d in draws if d.split == "train"}
    test = {names[int(d.params["family"])] for d in draws if d.split == "test"}
    assert train == {"square", "l_shape"}
    assert "disk" in test
    assert sum(d.split == "test" for d in draws) == 8
    areas = {d.split: set() for d in draws}
    for d in draws:
        areas[d.split].add(round(float(node_volume(d.mesh).sum()), 12))
    assert not areas["train"] & areas["test"]
    assert len(areas["train"]) == 8


def test_samples_of_a_mesh_share_it_and_have_their_own_medium() -> None:
    problem = Darcy(samples_per_mesh=3, **SMALL)
    meshes = [problem.sample(i).mesh for i in range(4)]
    assert np.array_equal(meshes[0].points, meshes[2].points)
    assert not np.allclose(meshes[0].point_data["permeability"], meshes[2].point_data["permeability"])
    assert meshes[0].points.shape != meshes[3].points.shape or not np.allclose(meshes[0].points, meshes[3].points)


def test_part_gives_the_samples_of_a_split() -> None:
    everything = Darcy(test_fraction=0.5, **SMALL)
    part = Darcy(test_fraction=0.5, part="test", **SMALL)
    assert everything.sample(0).split == "train"
    assert np.array_equal(part.sample(1).mesh.point_data["u"], everything.sample(3).mesh.point_data["u"])


def test_mixed_boundary_is_a_field_that_the_solver_reads() -> None:
    problem = Darcy(boundary="mixed", shapes=("l_shape",), coefficient="log-normal", nodes=300, field_nodes=900)
    assert [spec.name for spec in problem.fields] == ["permeability", "fixed", "u"]
    for index in range(3):
        mesh = problem.sample(index).mesh
        fixed = mesh.point_data["fixed"] == 1
        assert 0 < fixed.sum() < len(mesh.boundary_nodes)
        assert not mesh.point_data["u"][fixed].any()
        assert relative(problem.solve(mesh).point_data["u"], mesh.point_data["u"]) < 0.05


def test_a_source_in_space_is_a_field_that_the_solver_reads() -> None:
    smooth = {"coefficient": "log-normal", "shapes": ("square",), "seed": 4, **SMALL}
    problem, plain = Darcy(forcing="bump", source=3.0, **smooth), Darcy(**smooth)
    mesh = problem.sample(1).mesh
    assert [spec.name for spec in problem.fields] == ["permeability", "source", "u"]
    f, volume = mesh.cell_data["source"], cell_volume(mesh)
    assert 0 <= f.min() < 0.1
    assert 2.0 < f.max() <= 3.0
    for solver in (problem, plain):  # the mesh says it, whoever solves
        assert relative(solver.solve(mesh).point_data["u"], mesh.point_data["u"]) < 0.06
    bare = mesh.with_data(mesh.point_data, {})
    assert relative(plain.solve(bare).point_data["u"], mesh.point_data["u"]) > 0.3
    coarse = problem.transferred(mesh, coarsen(mesh, 40))
    finer = Darcy(forcing="bump", source=3.0, **(smooth | {"nodes": 300})).sample(1).mesh
    for same, within in ((coarse, 0.05), (finer, 0.02)):
        assert cell_volume(same) @ same.cell_data["source"] == pytest.approx(volume @ f, rel=within)


def test_walls_come_back_from_the_nodes() -> None:
    mesh = shapes.l_shape(0.2)
    for seed in range(10):
        walls = draw_walls(mesh, np.random.default_rng(seed))
        again = walls_of(mesh.with_data({"fixed": fixed_nodes(mesh, walls)}))
        assert any(isinstance(wall, Dirichlet) for wall in walls.values())
        assert {n: type(w) for n, w in again.items() if n != "*"} == {n: type(w) for n, w in walls.items()}


def test_solver_takes_conditions_of_the_user_and_three_dimensions() -> None:
    mesh = shapes.cube(0.25)
    mesh = mesh.with_data({}, {"permeability": np.full(mesh.num_cells, 2.0)})
    walls = {"left": Dirichlet(0.0), "right": Dirichlet(1.0), "*": Neumann(0.0)}
    solved = Darcy(source=0.0).solve(mesh, walls)
    assert np.allclose(solved.point_data["u"], mesh.points[:, 0], atol=1e-9)


def test_log_normal_medium_has_the_spread_that_is_said() -> None:
    problem = Darcy(coefficient="log-normal", shapes=("square",), nodes=30, field_nodes=540, refinement=1)
    spread = [np.log(problem.sample(i).mesh.point_data["permeability"]).std() for i in range(20)]
    assert 0.6 < np.mean(spread) < 1.4


def test_attributes_say_what_a_reader_must_know() -> None:
    attributes = Darcy(seed=7).attributes()
    assert {"pde", "equation", "generator", "seed", "version", "license"} <= set(attributes)
    assert attributes["seed"] == 7


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"shapes": ("square", "star")}, "shape 'star' is unknown; known: square, l_shape"),
        ({"shapes": ()}, "shapes is empty"),
        ({"nodes": 3}, "nodes is 3; it must be at least 20"),
        ({"refinement": 0}, "refinement is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"tau": 0.0}, "tau is 0.0"),
        ({"test_fraction": 2.0}, "test_fraction is 2.0"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Darcy(**options)


def test_negative_numbers_and_missing_fields_are_refused() -> None:
    with pytest.raises(ConfigError, match="sample -1"):
        Darcy().sample(-1)
    bare = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
    with pytest.raises(DataError, match="no field 'permeability'"):
        Darcy().solve(bare)
    with pytest.raises(DataError, match="no field 'u'"):
        Darcy().residual(bare)
