"""``gno solve navier-stokes --time``: states, forces, restarts, and what is refused."""

import csv
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from gno.mesh import cell_volume, load, save, shapes

SOLVE = ("solve", "navier-stokes")
LID = ("--set", "viscosity=0.1", "--bc", "top=noslip:1,0")
CHANNEL = ("--set", "viscosity=0.1", "--bc", "left=parabola:1", "--bc", "right=pressure:0")


@pytest.fixture
def square(tmp_path: Path) -> Path:
    save(shapes.square(0.125, kind="quad"), tmp_path / "in.vtu")
    return tmp_path / "in.vtu"


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    save(shapes.rectangle(0.125, 2.0, 1.0, kind="quad"), tmp_path / "in.vtu")
    return tmp_path / "in.vtu"


def test_a_channel_becomes_its_parabola(gno: Any, channel: Path) -> None:
    words = ("--time", 4, "--steps", 80, "--every", 40, "--force", "bottom", "--set", "density=10", "--json")
    answer = gno(*SOLVE, channel, "-o", channel.with_name("t.vtu"), *CHANNEL, *words)
    assert answer.code == 0, answer.err
    found = answer.json
    assert (found["steps"], found["times"]) == (80, [0, 2, 4])
    assert found["courant"] < 1
    assert found["imbalance"] < 1e-12
    last = load(found["paths"][-1])
    y = last.points[:, 1]
    np.testing.assert_allclose(last.point_data["velocity"][:, 0], 4 * y * (1 - y), atol=0.05)
    x = last.points[:, 0]
    np.testing.assert_allclose(last.point_data["pressure"], 8 * (2 - x), rtol=0.05, atol=0.01)
    # The friction of u = 4 y (1 - y) on a wall of length 2, of which the coefficient knows no density.
    assert found["forces"]["bottom"]["cd"] == pytest.approx(1.6, rel=0.04)
    assert found["forces"]["bottom"]["cd_mean"] == pytest.approx(1.6, rel=0.04)
    assert found["forces"]["bottom"]["strouhal"] is None
    with open(found["forces_table"], newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 80
    assert float(rows[-1]["bottom_cd"]) == found["forces"]["bottom"]["cd"]
    assert all(Path(found[name]).stat().st_size > 5000 for name in ("picture", "forces_picture"))
    assert "steps 80/80" in answer.err
    sets = ElementTree.parse(found["collection"]).getroot().findall("Collection/DataSet")
    assert [s.get("file") for s in sets] == ["t_0000.vtu", "t_0001.vtu", "t_0002.vtu"]


def test_steps_lead_to_the_steady_flow_and_the_scalar_in_it(gno: Any, channel: Path) -> None:
    scalar = ("--set", "scalar_diffusivity=0.1", "--scalar-bc", "left=dirichlet:1", "--scalar-bc", "bottom=dirichlet:0")
    time = ("--time", 9, "--steps", 144, "--every", 144, "--quiet")
    for name, more in (("steady", ()), ("t", time)):
        answer = gno(*SOLVE, channel, "-o", channel.with_name(f"{name}.vtu"), *CHANNEL, *scalar, *more)
        assert answer.code == 0, answer.err
    steady, last = (load(channel.with_name(name)) for name in ("steady.vtu", "t_0001.vtu"))
    np.testing.assert_allclose(last.cell_data["velocity"], steady.cell_data["velocity"], atol=0.02)
    np.testing.assert_allclose(last.cell_data["scalar"], steady.cell_data["scalar"], atol=0.01)


def test_a_scalar_in_a_closed_box_keeps_its_integral(gno: Any, square: Path) -> None:
    mesh = load(square)
    save(mesh.with_data({"dye": mesh.points[:, 0] ** 2}), square)
    words = ("--time", 0.5, "--steps", 10, "--set", "scalar_diffusivity=1e-3", "--set", "scalar_initial=dye", "--json")
    answer = gno(*SOLVE, square, "-o", square.with_name("t.vtu"), *LID, *words)
    assert answer.code == 0, answer.err
    volume = np.abs(cell_volume(mesh))
    states = [load(path).cell_data["scalar"] for path in answer.json["paths"]]
    assert answer.json["scalar_max"] == [state.max() for state in states]
    np.testing.assert_allclose([volume @ state for state in states], volume @ states[0], rtol=1e-11)
    assert np.abs(states[-1] - states[0]).max() > 1e-3


def test_a_run_goes_on_from_its_last_state(gno: Any, channel: Path) -> None:
    words, whole, half = ("--quiet", "--every", 100, *CHANNEL), channel.with_name("w.vtu"), channel.with_name("h.vtu")
    assert gno(*SOLVE, channel, "-o", whole, *words, "--time", 1, "--steps", 40).code == 0
    assert gno(*SOLVE, channel, "-o", half, *words, "--time", 0.5, "--steps", 20).code == 0
    last, more = channel.with_name("h_0001.vtu"), channel.with_name("m.vtu")
    answer = gno(*SOLVE, last, "-o", more, *words, "--time", 0.5, "--steps", 20, "--set", "initial=velocity")
    assert answer.code == 0, answer.err
    begun, ended = (load(channel.with_name(name)).cell_data["velocity"] for name in ("m_0000.vtu", "m_0001.vtu"))
    np.testing.assert_allclose(begun, load(last).cell_data["velocity"], atol=5e-3)
    np.testing.assert_allclose(ended, load(channel.with_name("w_0001.vtu")).cell_data["velocity"], atol=5e-3)


def test_what_is_periodic_goes_around(gno: Any, square: Path) -> None:
    words = ("--bc", "left=periodic:right", "--bc", "*=slip", "--set", "initial=0.5,0", "--set", "viscosity=1")
    scalar = ("--set", "scalar_diffusivity=0.1", "--set", "scalar_initial=2")
    answer = gno(*SOLVE, square, "-o", square.with_name("t.vtu"), *words, *scalar, "--time", 1, "--steps", 10)
    assert answer.code == 0, answer.err
    last = load(square.with_name("t_0010.vtu"))
    np.testing.assert_allclose(last.point_data["velocity"][:, 0], 0.5, atol=1e-10)
    np.testing.assert_allclose(last.point_data["scalar"], 2.0, atol=1e-10)


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--set", "blending=0.5"), 2, "--set blending is of no use"),
        (("--set", "initial=nothing"), 3, "no field 'nothing'"),
        (("--set", "initial=1,0,0"), 2, "the velocity has values of shape"),
        (("--set", "body_force=a,b"), 2, "--set body_force=a,b"),
        (("--set", "initial=1"), 2, "the velocity has values of shape"),
        (("--set", "scalar_initial=1"), 2, "no scalar_diffusivity"),
        (("--force", "lid"), 2, "'lid'"),
    ],
)
def test_what_cannot_be_is_refused(gno: Any, square: Path, words: tuple[str, ...], code: int, what: str) -> None:
    answer = gno(*SOLVE, square, "-o", square.with_name("t.vtu"), *LID, "--time", 1, "--steps", 20, *words)
    assert answer.code == code, answer.err
    assert what in answer.error[0]
    assert [p.name for p in square.parent.iterdir()] == ["in.vtu"]


def test_a_step_too_long_is_refused_with_one_that_is_not(gno: Any, square: Path) -> None:
    words = (*SOLVE, square, "-o", square.with_name("t.vtu"), *LID, "--set", "initial=3,0", "--quiet", "--time", 1)
    refused = gno(*words, "--steps", 2)
    assert (refused.code, "the Courant number is" in refused.error[0]) == (5, True)
    assert "--time 1 --steps 2 make dt 0.5" in refused.error[1]
    dt = float(refused.error[2].rpartition(" ")[2])
    assert gno(*words, "--steps", int(2 / dt)).code == 0


def test_a_stopped_run_keeps_what_it_wrote(stop: Any, square: Path) -> None:
    words = ["-o", square.with_name("t.vtu"), "--time", 1000, "--steps", 100000, "--force", "top"]
    code, rest = stop(*SOLVE, square, *LID, *words, after="steps 1/100000")
    assert code == 130
    assert "is the last state, at time" in rest.splitlines()[-3]
    assert rest.splitlines()[-1].endswith("with: --set initial=velocity")
    sets = ElementTree.parse(square.with_name("t.pvd")).getroot().findall("Collection/DataSet")
    assert len(sets) >= 2
    assert len(square.with_name("t_forces.csv").read_text().splitlines()) >= len(sets)
    assert not [p.name for p in square.parent.iterdir() if p.name.startswith(".")], "nothing half-written"
