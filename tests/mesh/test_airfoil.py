"""Airfoils: NACA's formula, coordinate files, sharp and blunt trailing edges, and the map of the circle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.errors import ConfigError, GnoError, MeshError
from gno.mesh.shapes import Airfoil, load_airfoil, naca
from gno.mesh.shapes.conformal import ConformalMap

DIGITS = ("0012", "4412", "0006", "2424", "6409", "0040")


def thickness(x: np.ndarray, t: float, last: float) -> np.ndarray:
    return 10 * t * np.polyval([-last, 0.2843, -0.3516, -0.1260, 0.0], x) + 10 * t * 0.2969 * np.sqrt(x)


def karman_trefftz(center: complex, power: float, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Angles from the trailing edge on a circle through 1, and the airfoil that Karman and Trefftz make of it."""
    angle = np.linspace(0, 2 * np.pi, num)
    w = center + (1 - center) * np.exp(1j * angle)
    w[[0, -1]] = 1
    plus, minus = (w + 1) ** power, (w - 1) ** power
    return angle, power * (plus + minus) / (plus - minus)


def test_a_symmetric_airfoil_is_the_formula() -> None:
    airfoil = naca("0012", num_points=101)
    x, y = airfoil.points.T
    assert np.allclose(2 * abs(y), thickness(x, 0.12, 0.1036), atol=1e-15)
    assert np.allclose(x[:51], x[:49:-1])
    assert np.allclose(y[:51], -y[:49:-1])
    assert (y[1:50] > 0).all()  # the upper side comes first
    assert np.allclose(x[:51], (1 + np.cos(np.linspace(0, np.pi, 51))) / 2)


def test_camber_lies_where_the_digits_say() -> None:
    airfoil = naca("4412", num_points=2001)
    upper, lower = airfoil.points[:1001], airfoil.points[1000:][::-1]
    middle = (upper + lower) / 2  # halfway across, at right angles to the camber line
    top = middle[middle[:, 1].argmax()]
    assert top == pytest.approx([0.4, 0.04], abs=2e-3)
    assert np.hypot(*(upper - lower).T).max() == pytest.approx(0.12, abs=2e-4)
    x = middle[:, 0]
    behind = 0.04 / 0.6**2 * (0.2 + 0.8 * x - x**2)
    assert np.allclose(middle[x > 0.4, 1], behind[x > 0.4])


@pytest.mark.parametrize("digits", DIGITS)
def test_the_spline_between_the_points_is_the_formula(digits: str) -> None:
    airfoil, exact = naca(digits), naca(digits, num_points=4001).points
    t = np.linspace(0.01, 0.99, 97)
    along = airfoil.slope(t)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    away = exact - airfoil.at(t)[:, None]
    near = np.hypot(*away.transpose(2, 0, 1)).argmin(1)
    off = abs((away[np.arange(97), near] * normal).sum(1))
    assert off.max() < 2e-6  # half a step of the exact points off their own chords


def test_the_trailing_edge_is_closed_or_open() -> None:
    closed, blunt = naca("0012"), naca("0012", closed=False)
    assert closed.sharp
    assert not blunt.sharp
    gap = blunt.points[0] - blunt.points[-1]
    assert gap == pytest.approx([0, 10 * 0.12 * (0.1036 - 0.1015)], abs=1e-12)
    mended = blunt.sharpened()
    assert mended.sharp
    assert mended.trailing_edge == pytest.approx(blunt.trailing_edge)
    x, y = mended.points.T
    assert np.allclose(2 * abs(y), thickness(x, 0.12, 0.1015) - x * gap[1], atol=1e-6)


def test_what_is_measured_on_the_outline() -> None:
    airfoil = naca("0012")
    assert airfoil.chord == pytest.approx(1)
    assert airfoil.middle == pytest.approx([0.5, 0], abs=1e-12)
    assert airfoil.nose_radius == pytest.approx(1.1019 * 0.12**2, rel=5e-3)
    slope = 5 * 0.12 * (0.2969 / 2 - 0.1260 - 2 * 0.3516 + 3 * 0.2843 - 4 * 0.1036)
    assert airfoil.trailing_angle == pytest.approx(2 * np.arctan(-slope), rel=1e-3)


def test_points_in_either_direction_and_of_any_size_make_the_same_airfoil() -> None:
    points = naca("4412").points
    turned = Airfoil("turned", points[::-1])
    assert np.array_equal(turned.points, points)
    large = Airfoil("large", 100 * points)
    assert large.chord == pytest.approx(100 * turned.chord)
    assert large.trailing_angle == pytest.approx(turned.trailing_angle)


@pytest.mark.parametrize(("center", "power"), [(-0.1 + 0j, 1.9), (-0.08 + 0.08j, 1.94), (-0.2 + 0.1j, 1.85)])
def test_the_map_is_that_of_karman_and_trefftz(center: complex, power: float) -> None:
    _, z = karman_trefftz(center, power, 801)
    outside = ConformalMap(Airfoil("exact", np.column_stack([z.real, z.imag])))
    angle, exact = karman_trefftz(center, power, 65)
    assert abs(outside.wall(angle) @ [1, 1j] - exact).max() < 1e-5
    rho, radius = np.full(3, 12.0), abs(1 - center)
    far = outside(rho, np.array([0.0, 1.0, 4.0]))
    assert abs(far) * np.exp(-12) == pytest.approx(radius, rel=1e-4)


@pytest.mark.parametrize("digits", DIGITS)
def test_the_map_is_conformal_and_meets_the_airfoil(digits: str) -> None:
    outside = ConformalMap(naca(digits))
    angle = np.linspace(0, 2 * np.pi, 200)
    assert abs(outside(np.zeros(200), angle) - outside.wall(angle) @ [1, 1j]).max() < 1e-6
    rho, angle = np.meshgrid([0.1, 0.5, 2.0], angle)
    step = 1e-5
    along = outside(rho, angle + step) - outside(rho, angle - step)
    outward = outside(rho + step, angle) - outside(rho - step, angle)
    assert abs(along / outward - 1j).max() < 1e-5


SELIG = """NACA 0012, coarse
# a comment
1.0\t0.0
0.8  0.0262  ! another one

0.5, 0.0529
0.2  0.0574
0.05 0.0355
0.0  0.0
0.0  0.0
0.05 -0.0355
0.2  -0.0574
0.5  -0.0529
0.8  -0.0262
1.0  0.0
"""
LEDNICER = """NACA 0012, coarse
   6.   6.

0.0  0.0
0.05 0.0355
0.2  0.0574
0.5\t0.0529
0.8  0.0262
1.0  0.0

0.0  0.0
0.05 -0.0355
0.2  -0.0574
0.5  -0.0529
0.8  -0.0262
1.0  0.0
"""


def test_both_layouts_of_a_file_give_the_same_airfoil(tmp_path: Path) -> None:
    for name, text in (("selig", SELIG), ("lednicer", LEDNICER), ("plain", SELIG.partition("\n")[2])):
        (tmp_path / f"{name}.dat").write_text(text)
    selig, lednicer, plain = (load_airfoil(tmp_path / f"{name}.dat") for name in ("selig", "lednicer", "plain"))
    assert selig.name == lednicer.name == "NACA 0012, coarse"
    assert plain.name == "plain"
    assert np.array_equal(selig.points, lednicer.points)
    assert len(selig.points) == 11
    assert selig.sharp


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SELIG.replace("0.8  0.0262", "0.8  0.0262 7"), r"wing\.dat, line 4: found '0\.8  0\.0262 7'"),
        (SELIG.replace("0.2  0.0574", "0.2  none"), r"wing\.dat, line 7: found '0\.2  none'"),
        (SELIG.replace("0.2  0.0574", "0.2  nan"), r"wing\.dat, line 7"),
        (LEDNICER.replace("6.   6.", "6.   5."), r"wing\.dat, line 2: 6 and 5 points are declared, 12 follow"),
        ("only a name\n", r"wing\.dat: only a name has points of shape \(0, 2\)"),
        ("", r"wing\.dat is empty"),
        (SELIG.replace("0.5  -0.0529", "0.5  0.2"), r"wing\.dat: .* crosses itself"),
    ],
)
def test_a_file_that_is_no_airfoil_is_refused_by_name_and_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "wing.dat").write_text(text)
    with pytest.raises(MeshError, match=says):
        load_airfoil(tmp_path / "wing.dat")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: naca("12"), "digits are '12'"),
        (lambda: naca("0000"), "digits are '0000'"),
        (lambda: naca("4012"), "both zero"),
        (lambda: naca("0012", num_points=100), "num_points is 100"),
        (lambda: Airfoil("few", np.zeros((4, 2))), r"few has points of shape \(4, 2\)"),
        (lambda: Airfoil("nowhere", np.full((20, 2), np.nan)), "not finite"),
        (lambda: Airfoil("twice", np.repeat(naca("0012").points, 2, axis=0)), "points 0 and 1 of twice coincide"),
        (lambda: ConformalMap(Airfoil("bent", boomerang())), "cannot be mapped"),
    ],
)
def test_what_is_no_airfoil_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(GnoError, match=says) as caught:
        make()
    assert isinstance(caught.value, ConfigError | MeshError)


def boomerang() -> np.ndarray:
    x = np.linspace(1, 0, 30)
    upper = np.column_stack([x, 1.5 * np.sin(np.pi * x) + 0.05 * np.sqrt(x) * (1 - x)])
    lower = np.column_stack([x, 1.5 * np.sin(np.pi * x) - 0.05 * np.sqrt(x) * (1 - x)])
    return np.concatenate([upper, lower[-2::-1]])
