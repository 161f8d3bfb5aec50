"""``gno solve compressible``: what is written and told, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gno.fv import Compressible, FarField, Laminar, NoSlip
from gno.mesh import Mesh, load, save, shapes

Gno = Callable[..., Any]


@pytest.fixture(scope="module")
def airfoil() -> Mesh:
    return shapes.airfoil_o(shapes.naca("0012"), around=16, outward=8)


def test_forces_of_pressure_and_friction_and_fields(gno: Gno, airfoil: Mesh, tmp_path: Path) -> None:
    save(airfoil, tmp_path / "a.su2")
    words = [word for value in ("mach=0.4", "reynolds=100", "sutherland=0.4") for word in ("--set", value)]
    answer = gno("solve", "compressible", tmp_path / "a.su2", *words, "-o", tmp_path / "out.vtu", "--json", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    held = {"airfoil": NoSlip(), "farfield": FarField()}
    solver = Compressible(airfoil, held, viscous=Laminar(sutherland=0.4))
    flow, forces = solver.solve(mach=0.4, reynolds=100.0), answer.json["forces"]["airfoil"]
    assert forces["cd"] == pytest.approx(float(flow.cd), rel=1e-6)
    assert forces["cd_friction"] == pytest.approx(float(flow.coefficients("airfoil", "friction").cd), rel=1e-6)
    assert forces["cd_pressure"] + forces["cd_friction"] == pytest.approx(forces["cd"])
    written = load(tmp_path / "out.vtu").point_data
    wall = flow.wall("airfoil").numpy()
    assert np.allclose(written["skin_friction"][wall], flow.skin_friction("airfoil"), rtol=1e-6, atol=1e-8)
    assert np.allclose(written["velocity"][wall], 0, atol=1e-8)
    assert {p.name for p in tmp_path.glob("*.png")} == {"out.png", "out_cp.png", "out_residual.png"}


@pytest.mark.parametrize(
    ("command", "words", "what"),
    [
        ("euler", ("mach=0.5", "reynolds=100"), "the gas of Euler has no friction"),
        ("compressible", ("mach=0.5", "reynolds=100", "length=-2"), "length is -2"),
        ("compressible", ("mach=0.5",), "no Reynolds number is given"),
        ("compressible", ("mach=0.5", "reynolds=0"), "reynolds is 0"),
        ("compressible", ("mach=0.5", "reynolds=100", "prandtl=-1"), "prandtl is -1"),
        ("compressible", ("mach=0.5", "reynolds=100", "viscosity=1"), "no coefficient 'viscosity'"),
    ],
)
def test_what_cannot_be_solved_is_refused(
    gno: Gno, airfoil: Mesh, tmp_path: Path, command: str, words: tuple[str, ...], what: str
) -> None:
    save(airfoil, tmp_path / "a.su2")
    given = [word for value in words for word in ("--set", value)]
    answer = gno("solve", command, tmp_path / "a.su2", *given, "-o", tmp_path / "out.vtu")
    assert answer.code == 2
    assert what in answer.error[0]
    assert [p.name for p in tmp_path.iterdir()] == ["a.su2"]


def test_walls_may_be_warm_and_move(gno: Gno, tmp_path: Path) -> None:
    save(shapes.square(0.25, kind="quad"), tmp_path / "gap.su2")
    words = [word for value in ("mach=0.3", "reynolds=20") for word in ("--set", value)]
    for condition in ("top=noslip:0.3,0", "bottom=isothermal:1.2", "*=farfield"):
        words += ["--bc", condition]
    answer = gno("solve", "compressible", tmp_path / "gap.su2", *words, "-o", tmp_path / "out.vtu", "--json", "--quiet")
    assert answer.code == 0
    flow = load(tmp_path / "out.vtu")
    height, fields = flow.points[:, 1], flow.point_data
    assert np.allclose(fields["velocity"][height > 0.99], [0.3, 0.0], atol=1e-8)
    assert np.allclose(fields["velocity"][height < 0.01], 0.0, atol=1e-8)
    assert np.allclose(1.4 * (fields["pressure"] / fields["density"])[height < 0.01], 1.2, atol=1e-8)
