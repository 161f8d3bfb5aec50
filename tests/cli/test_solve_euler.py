"""``gno solve euler``: what is written and told, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gno.fv import Compressible, FarField, Slip
from gno.mesh import Mesh, load, save, shapes

Gno = Callable[..., Any]


@pytest.fixture(scope="module")
def airfoil() -> Mesh:
    return shapes.airfoil_o(shapes.naca("0012"), around=24, outward=12)


def test_forces_fields_and_pictures(gno: Gno, airfoil: Mesh, tmp_path: Path) -> None:
    save(airfoil, tmp_path / "a.su2")
    words = ("--set", "mach=0.5", "--set", "alpha=1.25", "--set", "scheme=hllc", "-o", tmp_path / "out.vtu")
    answer = gno("solve", "euler", tmp_path / "a.su2", *words, "--json", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["converged"]
    flow = Compressible(airfoil, {"airfoil": Slip(), "farfield": FarField()}, scheme="hllc").solve(mach=0.5, alpha=1.25)
    assert answer.json["forces"]["airfoil"]["cl"] == pytest.approx(float(flow.cl), rel=1e-6)
    assert answer.json["forces"]["airfoil"]["cd"] == pytest.approx(float(flow.cd), rel=1e-6)
    written = load(tmp_path / "out.vtu").point_data
    for name in ("density", "velocity", "pressure", "mach", "cp"):
        assert np.allclose(written[name], getattr(flow, name), rtol=1e-6, atol=1e-8)
    pictures = {p.name for p in tmp_path.glob("*.png")}
    assert pictures == {"out.png", "out_cp.png", "out_residual.png"}


def test_a_far_field_that_is_near_is_warned_of(gno: Gno, tmp_path: Path) -> None:
    save(shapes.airfoil_o(shapes.naca("0012"), around=24, outward=10, far_field=5.0), tmp_path / "near.su2")
    answer = gno("solve", "euler", tmp_path / "near.su2", "--set", "mach=0.3", "-o", tmp_path / "out.vtu", "-q")
    assert answer.code == 0
    assert "chords from the body" in answer.err


def test_the_far_field_swirls_with_the_lift(gno: Gno, airfoil: Mesh, tmp_path: Path) -> None:
    save(airfoil, tmp_path / "a.su2")
    words = ("--set", "mach=0.5", "--set", "alpha=1.25", "--set", "vortex=true", "-o", tmp_path / "out.vtu", "--json")
    answer = gno("solve", "euler", tmp_path / "a.su2", *words)
    flow = Compressible(airfoil, {"airfoil": Slip(), "farfield": FarField(vortex=True)}).solve(mach=0.5, alpha=1.25)
    assert answer.json["forces"]["airfoil"]["cl"] == pytest.approx(float(flow.cl), rel=1e-6)


def test_gas_that_comes_in_through_an_outlet_is_told_of(gno: Gno, tmp_path: Path) -> None:
    save(shapes.rectangle(0.25, 1.0, 1.0, kind="quad"), tmp_path / "box.su2")
    words = ("--bc", "left=pressure:0.71", "--bc", "right=farfield", "--bc", "*=slip", "--set", "mach=2")
    answer = gno("solve", "euler", tmp_path / "box.su2", *words, "-o", tmp_path / "out.vtu")
    assert answer.code == 5
    assert "comes in at Mach" in answer.error[0]
    assert "through patch 'left'" in answer.error[0]
    assert "FarField" in answer.error[2]


def test_a_coarser_flow_is_a_start(gno: Gno, airfoil: Mesh, tmp_path: Path) -> None:
    save(airfoil, tmp_path / "a.su2")
    save(shapes.airfoil_o(shapes.naca("0012"), around=48, outward=20), tmp_path / "fine.su2")
    words = ("--set", "mach=0.6", "--set", "density=1.2", "--set", "pressure=1e5", "--set", "scheme=jst", "--json")
    first = gno("solve", "euler", tmp_path / "a.su2", *words, "-o", tmp_path / "a.vtu")
    begin = ("--initial", tmp_path / "a.vtu", "-o", tmp_path / "b.vtu")
    assert gno("solve", "euler", tmp_path / "a.su2", *words, *begin).json["iterations"] == 0
    fine = gno("solve", "euler", tmp_path / "fine.su2", *words, *begin)
    assert fine.json["history"][0] < 0.5 * first.json["history"][0]
    assert fine.json["converged"]
    refused = gno("solve", "euler", tmp_path / "a.su2", *words, "--initial", tmp_path / "fine.su2", *begin[2:])
    assert refused.code == 3
    assert "no density" in refused.error[0]


def test_walls_that_a_star_stands_for_are_drawn_too(gno: Gno, airfoil: Mesh, tmp_path: Path) -> None:
    save(airfoil, tmp_path / "a.su2")
    words = ("--set", "mach=0.3", "--bc", "farfield=farfield", "--bc", "*=slip", "-o", tmp_path / "out.vtu", "--json")
    answer = gno("solve", "euler", tmp_path / "a.su2", *words)
    assert list(answer.json["forces"]) == ["airfoil"]
    assert (tmp_path / "out_cp.png").is_file()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "no Mach number"),
        (("--set", "mach=-0.5"), "mach is -0.5"),
        (("--set", "mach=0.5", "--set", "scheme=ausm"), "scheme 'ausm'"),
        (("--set", "mach=0.5", "--set", "viscosity=1"), "no coefficient 'viscosity'"),
        (("--set", "mach=0.5", "--bc", "wing=slip"), "'wing'"),
        (("--set", "mach=0.5", "--bc", "airfoil=noslip"), "no condition"),
        (("--set", "mach=0.5", "--set", "chord=0"), "chord"),
        (("--set", "mach=0.5", "--set", "vortex=1"), "vortex=1"),
        (("--set", "mach=1.5", "--set", "vortex=true"), "mach is 1.5, with the vortex"),
        (
            ("--set", "mach=0.5", "--set", "vortex=true", "--bc", "*=slip", "--bc", "farfield=pressure:1"),
            "no patch is a far",
        ),
    ],
)
def test_what_cannot_be_solved_is_refused(
    gno: Gno, airfoil: Mesh, tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    save(airfoil, tmp_path / "a.su2")
    answer = gno("solve", "euler", tmp_path / "a.su2", *words, "-o", tmp_path / "out.vtu")
    assert answer.code == 2
    assert what in answer.error[0]
    assert [p.name for p in tmp_path.iterdir()] == ["a.su2"]


def test_a_mesh_without_a_wall_is_refused(gno: Gno, tmp_path: Path) -> None:
    save(shapes.square(0.25), tmp_path / "square.su2")
    answer = gno("solve", "euler", tmp_path / "square.su2", "--set", "mach=0.5", "-o", tmp_path / "out.vtu")
    assert answer.code == 2
    assert "no patch is known to be a wall" in answer.error[0]
