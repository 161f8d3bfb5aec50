import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from gno.cli.series import Series
from gno.errors import Interrupted
from gno.mesh import cell_volume, load, save, shapes

Gno = Callable[..., Any]
SOLVE = ("solve", "advection-diffusion")
MEDIUM = ("--set", "velocity=1,0.5", "--set", "diffusivity=0.1")
INLETS = ("--bc", "left=dirichlet:1", "--bc", "bottom=dirichlet:1", "--bc", "*=neumann")
CLOSED = ("--set", "velocity=0", "--set", "diffusivity=0.1", "--bc", "*=neumann")


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """A square with a blob, a velocity that stirs it and leaves no wall, and fields that cannot be."""
    mesh = shapes.square(0.15)
    x, y = mesh.points.T
    stir = np.stack([x * (1 - x) * (1 - 2 * y), -y * (1 - y) * (1 - 2 * x)], axis=1)
    bad = np.ones(mesh.num_cells)
    bad[7] = -0.5
    point = {"blob": np.exp(-20 * ((x - 0.3) ** 2 + (y - 0.5) ** 2)), "velocity": stir, "diffusivity": 0.01 + x}
    save(mesh.with_data(point, {"bad": bad}), tmp_path / "in.vtu")
    return tmp_path / "in.vtu"


def test_a_steady_field_balances(gno: Gno, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.vtu"
    answer = gno(*SOLVE, files / "bare.su2", "-o", out, *MEDIUM, *INLETS, "--set", "source=2", "--json")
    assert answer.code == 0, answer.err
    result, mesh = answer.json, load(out)
    assert result["converged"]
    assert result["residual"] == result["history"][-1] < 1e-9
    assert np.isclose(sum(result["flux"].values()), 2.0), "what leaves is what the source makes"
    assert (result["u"]["min"], result["u"]["max"]) == (mesh.cell_data["u"].min(), mesh.cell_data["u"].max())
    assert np.allclose(mesh.point_data["u"][mesh.points[:, 0] == 0], 1.0)
    assert {p.name for p in tmp_path.iterdir()} == {"s.vtu", "s.png", "s_residual.png"}
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("s.png", "s_residual.png"))


@pytest.mark.parametrize("scheme", ["upwind", "linear-upwind", "limited", "central"])
def test_what_comes_in_is_what_there_is(gno: Gno, files: Path, tmp_path: Path, scheme: str) -> None:
    out = tmp_path / "s.vtu"
    answer = gno(*SOLVE, files / "bare.su2", "-o", out, *MEDIUM, *INLETS, "--set", f"scheme={scheme}")
    assert answer.code == 0, answer.err
    mesh = load(out)
    assert np.allclose(mesh.cell_data["u"], 1.0)
    assert np.allclose(mesh.point_data["u"], 1.0)


def test_fields_of_the_mesh_and_numbers_are_the_same_where_they_agree(gno: Gno, tmp_path: Path) -> None:
    mesh = shapes.square(0.2)
    flow, ones = np.tile([1.0, 0.5], (mesh.num_points, 1)), np.ones(mesh.num_cells)
    save(mesh, tmp_path / "bare.vtu")
    save(mesh.with_data({"velocity": flow}, {"diffusivity": 0.1 * ones, "c": 3 * ones}), tmp_path / "full.vtu")

    def u(name: str, *words: str) -> np.ndarray:
        answer = gno(*SOLVE, tmp_path / name, "-o", tmp_path / "s.vtu", *words, *INLETS)
        assert answer.code == 0, answer.err
        return load(tmp_path / "s.vtu").cell_data["u"]

    expected = u("bare.vtu", *MEDIUM, "--set", "reaction=3")
    assert np.ptp(expected) > 0.1
    assert np.allclose(u("full.vtu", "--set", "reaction=c"), expected)


def test_a_closed_box_keeps_what_it_holds(gno: Gno, fields: Path) -> None:
    words = ("--time", 0.5, "--steps", 5, "--every", 2, "--set", "initial=blob", "--bc", "*=neumann", "--json")
    answer = gno(*SOLVE, fields, "-o", fields.with_name("t.vtu"), *words)
    assert answer.code == 0, answer.err
    result = answer.json
    assert np.allclose(result["times"], [0, 0.2, 0.4, 0.5]), "each second step, and the last"
    assert result["converged"]
    volume = np.abs(cell_volume(load(fields)))
    states = [load(path) for path in result["paths"]]
    integrals = np.array([volume @ state.cell_data["u"] for state in states])
    assert np.allclose(integrals, result["integral"])
    assert np.allclose(integrals, integrals[0], rtol=1e-8)
    spread = [np.ptp(state.cell_data["u"]) for state in states]
    assert all(later < 0.95 * sooner for sooner, later in itertools.pairwise(spread))
    assert "steps 5/5" in answer.err


def test_the_collection_names_the_states(gno: Gno, fields: Path) -> None:
    answer = gno(*SOLVE, fields, "-o", fields.with_name("t.vtu"), "--time", 1, "--steps", 2, "--quiet")
    assert (answer.code, answer.err) == (0, "")
    sets = ElementTree.parse(fields.with_name("t.pvd")).getroot().findall("Collection/DataSet")
    assert [(s.get("timestep"), s.get("file")) for s in sets] == [
        ("0.0", "t_0000.vtu"),
        ("0.5", "t_0001.vtu"),
        ("1.0", "t_0002.vtu"),
    ]
    names = {p.name for p in fields.parent.iterdir()}
    assert names == {"in.vtu", "t.pvd", "t.png", "t_0000.vtu", "t_0001.vtu", "t_0002.vtu"}


def test_decay_is_of_order_two_in_time(gno: Gno, files: Path, tmp_path: Path) -> None:
    def error(steps: int) -> float:
        words = ("--time", 1, "--steps", steps, "--set", "initial=1", "--set", "reaction=1", "--quiet", "--json")
        answer = gno(*SOLVE, files / "bare.su2", "-o", tmp_path / "t.vtu", *CLOSED, *words)
        return abs(answer.json["max"][-1] - np.exp(-1))

    assert 3.3 < error(10) / error(20) < 4.7


def test_a_run_goes_on_from_its_last_state(gno: Gno, fields: Path) -> None:
    one, words = fields.with_name("t.vtu"), ("--bc", "*=neumann", "--quiet", "--time", 0.2, "--steps", 1)
    assert gno(*SOLVE, fields, "-o", one, *words, "--set", "initial=blob").code == 0
    last = fields.with_name("t_0001.vtu")
    refused = gno(*SOLVE, last, "-o", one, *words, "--set", "initial=u")
    assert (refused.code, "t_0001.vtu is an input" in refused.error[0]) == (2, True)
    assert gno(*SOLVE, last, "-o", fields.with_name("more.vtu"), *words, "--set", "initial=u").code == 0
    assert np.array_equal(load(fields.with_name("more_0000.vtu")).cell_data["u"], load(last).cell_data["u"])


def test_what_is_periodic_goes_around(gno: Gno, tmp_path: Path) -> None:
    """A wave lags behind by what central differences do to its speed, sin(kh) / kh."""
    mesh, k, h = shapes.square(0.125, kind="quad"), 2 * np.pi, 0.125
    wave, flow = np.sin(k * mesh.points[:, 0]), np.tile([1.0, 0.0], (mesh.num_points, 1))
    save(mesh.with_data({"initial": wave, "velocity": flow}, {}), tmp_path / "in.vtu")
    words = ("--set", "diffusivity=0", "--set", "scheme=central", "--bc", "left=periodic:right", "--bc", "*=neumann")
    time = ("--time", 1, "--steps", 100, "--every", 50, "--json")
    answer = gno(*SOLVE, tmp_path / "in.vtu", "-o", tmp_path / "t.vtu", *words, *time)
    assert answer.code == 0, answer.err
    assert np.allclose(answer.json["integral"], 0.0, atol=1e-10)
    first, *later = (load(path).cell_data["u"] for path in answer.json["paths"])
    for u, at in zip(later, (0.5, 1.0)):
        assert np.isclose(np.corrcoef(first, u)[0, 1], np.cos(at * np.sin(k * h) / h), atol=0.01)


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--set", "difusivity=1"), 2, "no coefficient 'difusivity'"),
        (("--set", "diffusivity=-1"), 2, "the diffusivity is -1"),
        (("--set", "diffusivity=bad"), 3, "diffusivity is -0.5 in cell 7"),
        (("--set", "diffusivity=k"), 3, "no field 'k'"),
        (("--set", "diffusivity=velocity"), 3, "'velocity' has shape"),
        (("--set", "velocity=blob"), 3, "'blob' has shape"),
        (("--set", "velocity=1,0,0"), 2, "--set velocity=1,0,0"),
        (("--set", "velocity=1"), 2, "--set velocity=1"),
        (("--set", "velocity=nan,0"), 2, "not finite"),
        (("--set", "source=1,0"), 2, "--set source"),
        (("--set", "scheme=best"), 2, "scheme 'best' is unknown"),
        (("--set", "initial=1"), 2, "--set initial"),
        (("--bc", "inlet=dirichlet"), 2, "inlet"),
        (("--bc", "left=wall"), 2, "--bc"),
        (("--bc", "*=neumann"), 5, "not unique"),
        (("--time", "1"), 2, "--time and --steps"),
        (("--every", "2"), 2, "--time and --steps"),
        (("--time", "-1", "--steps", "2"), 2, "--time -1"),
        (("--time", "inf", "--steps", "2"), 2, "--time inf"),
        (("--time", "1", "--steps", "0"), 2, "--steps"),
        (("--time", "1", "--steps", "2", "--set", "initial=nothing"), 3, "no field 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused(gno: Gno, fields: Path, words: tuple[str, ...], code: int, what: str) -> None:
    still = () if any("velocity" in word for word in words) else ("--set", "velocity=0,0")
    answer = gno(*SOLVE, fields, "-o", fields.with_name("s.vtu"), *still, *words)
    assert answer.code == code, answer.err
    assert what in answer.error[0]
    assert [p.name for p in fields.parent.iterdir()] == ["in.vtu"]


def test_an_iteration_that_fails_says_what_may_help(gno: Gno, tmp_path: Path) -> None:
    """A step between two streams that nothing smooths."""
    save(shapes.square(0.06), tmp_path / "m.vtu")
    medium = ("--set", "velocity=1,0.5", "--set", "diffusivity=0")
    words = (
        *SOLVE,
        tmp_path / "m.vtu",
        "-o",
        tmp_path / "s.vtu",
        *medium,
        "--bc",
        "left=dirichlet:1",
        "--bc",
        "*=dirichlet",
    )
    failed = gno(*words)
    assert (failed.code, "scheme=linear-upwind" in failed.error[2]) == (5, True)
    for scheme in ("linear-upwind", "upwind"):
        assert gno(*words, "--set", f"scheme={scheme}").code == 0


def test_what_is_needed_is_asked_for(gno: Gno, files: Path, tmp_path: Path) -> None:
    for words, name in (((), "velocity"), (("--set", "velocity=1,0"), "diffusivity")):
        answer = gno(*SOLVE, files / "bare.su2", "-o", tmp_path / "s.vtu", *words)
        assert (answer.code, answer.error[0]) == (2, f"error: no {name} is given")
    refused = gno(*SOLVE, files / "bare.su2", "-o", tmp_path / "s.msh", *CLOSED, "--time", 1, "--steps", 2)
    assert (refused.code, "'.msh' is not written" in refused.error[0]) == (2, True)


def test_a_run_that_is_stopped_ends_with_the_code_of_the_signal(fields: Path) -> None:
    series = Series(fields.with_name("t.vtu"))
    assert series.stopped(KeyboardInterrupt()).what == "stopped before the first state"
    series.append(0.25, load(fields))
    ctrl_c, term = series.stopped(KeyboardInterrupt()), series.stopped(Interrupted("stopped", signum=15))
    assert (ctrl_c.exit_code, term.exit_code) == (130, 143)
    assert ctrl_c.what.endswith("t_0000.vtu is the last state, at time 0.25")


def test_a_stopped_run_keeps_what_it_wrote(stop: Callable[..., tuple[int, str]], fields: Path) -> None:
    words = ["-o", fields.with_name("t.vtu"), "--time", 1, "--steps", 100000, "--bc", "*=neumann"]
    code, rest = stop(*SOLVE, fields, *words, after="steps 1/100000")
    assert code == 130
    assert rest.splitlines()[-3].startswith("error: stopped; ")
    sets = ElementTree.parse(fields.with_name("t.pvd")).getroot().findall("Collection/DataSet")
    assert len(sets) >= 2
    for entry in sets:
        assert np.isfinite(load(fields.with_name(entry.get("file"))).point_data["u"]).all()
    assert not [p.name for p in fields.parent.iterdir() if p.name.startswith(".")], "nothing half-written"
