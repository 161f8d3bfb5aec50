"""Profiles of what comes in."""

import math

import numpy as np
import pytest
import torch

from gno.errors import ConfigError
from gno.fv import FVMesh, Inlet, NavierStokes, NoSlip, PressureOutlet, parabola
from gno.mesh import Mesh, shapes


def turned(mesh: Mesh) -> Mesh:
    """Stretched along x and y, and turned about two axes."""
    (a, b), (c, d) = (math.cos(0.4), math.sin(0.4)), (math.cos(1.1), math.sin(1.1))
    turn = np.array([[a, b, 0], [-b, a, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, d], [0, -d, c]])
    return Mesh(mesh.points * [2.0, 0.7, 1.0] @ turn + 3.0, mesh.cells, mesh.boundary)


@pytest.mark.parametrize("kind", ["tetra", "hexahedron"])
def test_on_a_rectangle_in_space_it_is_the_product_of_two(kind: str) -> None:
    mesh = shapes.cube(0.25, kind=kind)
    moved = turned(mesh)
    for patch in mesh.boundary:
        nodes = np.unique(mesh.boundary[patch])
        s = mesh.points[nodes]
        inside = np.ptp(s, axis=0) > 0.5
        expected = 0.3 * np.prod(4 * s * (1 - s), axis=1, where=inside)
        speed = parabola(moved, patch, 0.3)(torch.from_numpy(moved.points[nodes]))
        np.testing.assert_allclose(speed.numpy(), expected, atol=1e-12)
        assert float(speed.max()) == pytest.approx(0.3)


def test_its_mean_is_two_thirds_in_the_plane_and_four_ninths_in_space() -> None:
    for mesh, mean in ((shapes.square(1 / 40), 2 / 3), (shapes.cube(1 / 12, kind="hexahedron"), 4 / 9)):
        fv = FVMesh.of(mesh)
        rows, g = fv.patches["left"], fv.geometry()
        speed = parabola(mesh, "left", 1.0)(g.center[rows])
        assert float((speed * g.size[rows]).sum() / g.size[rows].sum()) == pytest.approx(mean, rel=1e-2)


def test_it_drives_a_flow_through_a_duct() -> None:
    mesh = shapes.cube(0.25, kind="hexahedron")
    walls = {"left": Inlet(parabola(mesh, "left", 1.0)), "right": PressureOutlet(), "*": NoSlip()}
    flow = NavierStokes(mesh, walls).solve(viscosity=0.5)
    assert flow.report.converged
    assert float(flow.mass_flux[flow.patches["right"]].sum()) == pytest.approx(4 / 9, rel=0.15)


def test_a_patch_that_is_no_rectangle_is_refused_by_name() -> None:
    mesh = shapes.cube(0.25, kind="hexahedron")
    bent = Mesh(mesh.points, mesh.cells, {"two sides": np.concatenate([mesh.boundary["left"], mesh.boundary["top"]])})
    with pytest.raises(ConfigError, match="'two sides' is bent"):
        parabola(bent, "two sides", 1.0)
    some = Mesh(mesh.points, mesh.cells, {"steps": mesh.boundary["left"][:-3]})
    with pytest.raises(ConfigError, match=r"'steps' fills 0\.8\d+ of the smallest rectangle"):
        parabola(some, "steps", 1.0)
    disk = shapes.disk(0.3)
    (name,) = disk.boundary
    with pytest.raises(ConfigError, match=f"'{name}' is bent"):
        parabola(disk, name, 1.0)
    with pytest.raises(ConfigError, match="'inlet' is not in the mesh"):
        parabola(mesh, "inlet", 1.0)
