from __future__ import annotations

import numpy as np
import pytest

from gno.mesh import Mesh, shapes
from gno.report.view import View


@pytest.fixture(scope="module")
def wing() -> Mesh:
    return shapes.airfoil_o(shapes.naca("0012"), around=32, outward=16)


def test_a_window_shows_the_cells_that_reach_into_it_and_their_values() -> None:
    mesh = shapes.square(0.1, seed=1)
    low, high = np.array([0.2, 0.3]), np.array([0.5, 0.6])
    view = View.of(mesh, (low.tolist(), high.tolist()))
    corners = mesh.points[mesh.cells["triangle"]]
    inside = ((corners.mean(axis=1) > low) & (corners.mean(axis=1) < high)).all(axis=1)
    assert set(np.flatnonzero(inside)) <= set(view.cells)
    assert 0 < len(view.cells) < mesh.num_cells / 2
    assert np.array_equal(view.part(mesh.points), view.mesh.points)
    middles = view.mesh.points[view.mesh.cells["triangle"]].mean(axis=1)
    assert np.array_equal(view.part(corners.mean(axis=1)), middles)


@pytest.mark.parametrize("mesh", [shapes.square(0.2), shapes.l_shape(0.2), shapes.cube(0.5)], ids=["2-D", "L", "3-D"])
def test_even_meshes_are_shown_whole(mesh: Mesh) -> None:
    view = View.near(mesh)
    assert view.window is None
    assert np.array_equal(view.part(mesh.points), mesh.points)
    assert len(view.cells) == mesh.num_cells


def test_of_a_wing_in_a_far_field_the_wing_is_shown(wing: Mesh) -> None:
    view = View.near(wing)
    assert view.window is not None
    low, high = np.array(view.window)
    body, far = (wing.points[wing.boundary[name]].reshape(-1, 2) for name in ("airfoil", "farfield"))
    assert ((body > low) & (body < high)).all()
    assert (np.ptp(body, axis=0).max() * 12 > high - low).all()
    assert not ((far > low) & (far < high)).all(axis=1).any()
