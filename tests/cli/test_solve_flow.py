"""``gno solve navier-stokes`` from a mesh file to fields, forces and pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gno.mesh import load, save, shapes


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    path = tmp_path / "channel.msh"
    save(shapes.rectangle(0.125, 2.0, 1.0, kind="quad"), path)
    return path


def test_a_channel_keeps_its_parabola(gno: Any, channel: Path, tmp_path: Path) -> None:
    out = tmp_path / "flow.vtu"
    words = ["--set", "viscosity=0.1", "--bc", "left=parabola:1", "--bc", "right=pressure:0", "--force", "bottom"]
    answer = gno("solve", "navier-stokes", channel, *words, "-o", out, "--json", "--quiet")
    assert answer.code == 0, answer.err
    found = answer.json
    assert found["converged"]
    assert found["residual"] < 1e-10
    assert found["history"][0] == 1
    # The friction of u = 4 y (1 - y) on a wall of length 2: nu du/dy = 0.4 on each unit.
    assert found["forces"]["bottom"]["force"][0] == pytest.approx(0.8, rel=0.03)
    assert found["forces"]["bottom"]["cd"] == pytest.approx(2 * found["forces"]["bottom"]["force"][0])
    mesh = load(out)
    y = mesh.points[:, 1]
    np.testing.assert_allclose(mesh.point_data["velocity"][:, 0], 4 * y * (1 - y), atol=0.03)
    for name in ("picture", "residual_picture"):
        assert Path(found[name]).stat().st_size > 1000


def test_a_density_scales_pressure_and_forces_alone(gno: Any, channel: Path, tmp_path: Path) -> None:
    words = ["--set", "viscosity=0.1", "--bc", "left=parabola:1", "--force", "bottom", "--json", "--quiet"]
    found = {}
    for density, outlet in (1, 3), (1000, 3000):
        out = tmp_path / f"flow{density}.vtu"
        more = ["--bc", f"right=pressure:{outlet}", "--set", f"density={density}"]
        answer = gno("solve", "navier-stokes", channel, *words, *more, "-o", out)
        assert answer.code == 0, answer.err
        found[density] = answer.json["forces"]["bottom"], load(out)
    (one, light), (many, heavy) = found.values()
    np.testing.assert_allclose(many["force"], np.multiply(1000, one["force"]), rtol=1e-9)
    assert (many["cd"], many["cl"]) == pytest.approx((one["cd"], one["cl"]), rel=1e-9)
    np.testing.assert_allclose(heavy.cell_data["pressure"], 1000 * light.cell_data["pressure"], rtol=1e-9)
    np.testing.assert_allclose(heavy.cell_data["velocity"], light.cell_data["velocity"], atol=1e-9)


def test_a_steady_flow_carries_a_scalar(gno: Any, channel: Path, tmp_path: Path) -> None:
    flow = ["--set", "viscosity=0.1", "--bc", "left=parabola:1", "--bc", "right=pressure:0"]
    scalar = ["--set", "scalar_diffusivity=0.05", "--set", "scalar_source=0.5", "--scalar-bc", "left=dirichlet:1"]
    out = tmp_path / "flow.vtu"
    answer = gno("solve", "navier-stokes", channel, *flow, *scalar, "-o", out, "--json", "--quiet")
    assert answer.code == 0, answer.err
    found = answer.json["scalar"]
    assert sum(found["flux"].values()) == pytest.approx(1.0, abs=1e-8), "a source of 0.5 on an area of 2"
    assert found["flux"]["top"] == pytest.approx(0, abs=1e-12)
    mesh = load(out)
    assert found["max"] == mesh.cell_data["scalar"].max()
    np.testing.assert_allclose(mesh.point_data["scalar"][mesh.points[:, 0] == 0], 1.0)


def test_nodes_have_the_velocity_that_is_given(gno: Any, tmp_path: Path) -> None:
    domain, out = tmp_path / "ring.msh", tmp_path / "flow.vtu"
    save(shapes.square_with_holes(0.15, [(0.5, 0.5, 0.15)]), domain)
    far = [word for name in ("left", "right", "top", "bottom") for word in ("--bc", f"{name}=velocity:1,0.05")]
    answer = gno("solve", "navier-stokes", domain, "--set", "viscosity=0.05", *far, "-o", out, "--quiet")
    assert answer.code == 0, answer.err
    mesh = load(out)
    x, velocity = mesh.points[:, :2], mesh.point_data["velocity"][:, :2]
    outside = (np.minimum(x, 1 - x) < 1e-9).any(axis=1)
    np.testing.assert_allclose(velocity[outside], np.tile([1.0, 0.05], (outside.sum(), 1)), atol=1e-12)
    on_hole = np.abs(np.hypot(*(x - 0.5).T) - 0.15) < 1e-6
    np.testing.assert_allclose(velocity[on_hole], 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        ([], 2, "no viscosity is given"),
        (["--set", "viscosity=-1"], 2, "viscosity is -1"),
        (["--set", "viscosity=0.1", "--set", "viskosity=1"], 2, "has no coefficient"),
        (["--set", "viscosity=0.1", "--bc", "lid=noslip:1,0"], 2, "patch 'lid' is not in the mesh"),
        (["--set", "viscosity=0.1", "--bc", "top=wall"], 2, "is no condition"),
        (["--set", "viscosity=0.1", "--bc", "top=noslip:1,0", "--force", "lid"], 2, "'lid'"),
        (["--set", "viscosity=0.1", "--set", "density=0"], 2, "density is 0"),
        (["--set", "viscosity=0.1", "--set", "length=0", "--force", "top"], 2, "length 0"),
        (["--set", "viscosity=0.1", "--set", "initial=1,0"], 2, "--set initial is of no use"),
        (["--set", "viscosity=0.1", "--set", "scalar_source=1"], 2, "no scalar_diffusivity"),
        (["--set", "viscosity=0.1", "--scalar-bc", "top=dirichlet:1"], 2, "no scalar_diffusivity"),
        (
            ["--set", "viscosity=0.1", "--set", "scalar_diffusivity=1", "--scalar-bc", "top=noslip"],
            2,
            "--scalar-bc 'top=noslip'",
        ),
        (["--set", "viscosity=0.1", "--set", "scalar_diffusivity=-1"], 2, "diffusivity is -1"),
    ],
)
def test_bad_words_are_told_in_three_lines(
    gno: Any, channel: Path, tmp_path: Path, words: list[str], code: int, what: str
) -> None:
    answer = gno("solve", "navier-stokes", channel, *words, "-o", tmp_path / "flow.vtu", "--quiet")
    assert answer.code == code
    assert what in answer.err
    assert not (tmp_path / "flow.vtu").exists()
