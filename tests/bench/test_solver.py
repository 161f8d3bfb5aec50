from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.bench import diffusion_race, flow_race
from gno.bench.diffusion_race import DiffusionRace
from gno.bench.flow_cases import Cavity, Cylinder
from gno.bench.flow_race import FlowRace
from gno.bench.openfoam import environment, iterations, read_field, run, write_dictionary
from gno.bench.references import CYLINDER, GHIA
from gno.bench.simple_foam import SimpleFoam
from gno.bench.time_race import TimeRace
from gno.bench.timing import Seconds, race
from gno.bench.vortex_street import VortexStreet
from gno.errors import GnoError
from gno.mesh import load

pytestmark = pytest.mark.usefixtures("double")
with_openfoam = pytest.mark.skipif(environment() is None, reason="OpenFOAM is not installed")


def test_seconds_of_a_process_of_its_own_count() -> None:
    assert race(lambda: Seconds(2.0, 3.0), patience=0) == [Seconds(2.0, 3.0)]


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(GnoError, match="false ended with code 1"):
        run("false", tmp_path)
    with pytest.raises(GnoError, match=f"echo did not converge in .* it said: -case {tmp_path}"):
        run("echo", tmp_path)


def test_fields_are_read_as_they_stand(tmp_path: Path) -> None:
    field = "nonuniform List<vector> 2((1 2 0)(3 4.5e-1 0))"
    for step in ("9", "10"):
        write_dictionary(tmp_path / step / "U", {"internalField": field, "boundaryField": {}})
        field = field.replace("1 2", "7 8")
    np.testing.assert_array_equal(read_field(tmp_path, "U"), [[7, 8, 0], [3, 0.45, 0]])
    assert iterations(tmp_path) == 10
    write_dictionary(tmp_path / "11" / "U", {"internalField": "uniform 0"})
    with pytest.raises(GnoError, match="holds no field"):
        read_field(tmp_path, "U")


def test_the_profile_stands_on_the_faces_that_it_belongs_to(tmp_path: Path) -> None:
    case = Cylinder(0.03, 0.1)
    SimpleFoam(case, tmp_path, 1e-7).write()
    mesh = load(tmp_path)
    y = mesh.points[mesh.boundary["inlet"]].mean(axis=1)[:, 1]
    inlet = re.search(r"inlet[^;]*;[^;]*> \d+ \( ([^;]*) \);", (tmp_path / "0" / "U").read_text())
    assert inlet is not None
    given = np.array(inlet[1].replace("(", " ").replace(")", " ").split(), dtype=float).reshape(-1, 3)
    np.testing.assert_allclose(given[:, 0], 1.2 * y * (0.41 - y) / 0.41**2, rtol=1e-12)


def test_without_openfoam_rows_have_no_peer_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (flow_race, diffusion_race):
        monkeypatch.setattr(module, "environment", lambda: None)
    flow, field = FlowRace(lambda: Cavity(1 / 6, "quad"), patience=0), DiffusionRace(0.2, patience=0)
    for row in (flow.cost(), field.cost()):
        assert (row.peer, row.ratio, row.numbers["OpenFOAM"]) == ("", None, "is not installed")
        json.dumps(row.to_dict(), allow_nan=False)
    assert flow.error("profiles (Ghia)").theirs is None
    assert field.error().theirs is None


def test_a_gradient_costs_less_than_half_of_its_solution() -> None:
    row = FlowRace(lambda: Cavity(1 / 16, "quad"), patience=0).gradient()
    assert row.peer == "forward"
    assert row.ratio is not None
    assert row.ratio > 2


def test_known_values_are_those_of_the_papers() -> None:
    assert CYLINDER["drag"] == pytest.approx(5.58, abs=0.01)
    (y, u), (x, v) = GHIA[1000]
    assert (float(y[7]), float(u[7]), float(x[0]), float(v[0])) == (0.5, -0.0608, 0.9688, -0.21388)
    assert all(int(line.isnan().sum()) == 0 for line in (y, u, x, v))


@with_openfoam
def test_both_stop_near_to_where_they_settle() -> None:
    row = FlowRace(lambda: Cavity(1 / 8, "quad"), patience=0).cost()
    assert row.peer == "simpleFoam"
    assert float(row.numbers["its iteration error"]) < 1e-5
    assert float(row.numbers["iteration error"]) < 1e-5
    assert float(row.numbers["mass lost"]) < 1e-10


@with_openfoam
def test_both_tend_to_the_same_flow() -> None:
    off = []
    for h in (1 / 8, 1 / 16):
        race_ = FlowRace(partial(Cavity, h, "quad"), patience=0)
        assert race_.theirs is not None
        ours, theirs = race_.settled.velocity, race_.theirs[0].velocity
        off.append(float((ours - theirs).norm() / ours.norm()))
    assert off[1] < 0.6 * off[0]


@with_openfoam
def test_both_find_the_same_field() -> None:
    row = DiffusionRace(0.1, patience=0).error()
    assert row.theirs is not None
    assert max(row.ours, row.theirs) < 0.02


@with_openfoam
def test_drag_is_that_which_openfoam_knows_itself(tmp_path: Path) -> None:
    case = Cylinder(0.03, 0.1)
    foam = SimpleFoam(case, tmp_path, 1e-6)
    foam.write()
    foam.run()
    flow, forces = foam.flow(FlowRace(lambda: case, patience=0).settled)
    assert forces is not None
    assert float(forces.cd) == pytest.approx(CYLINDER["drag"], rel=0.1)
    assert torch.isfinite(flow.pressure_gradient).all()


def test_a_gradient_through_time_costs_about_as_much_as_its_solution() -> None:
    flow = TimeRace(1 / 20, patience=0)
    for row in (flow.gradient(), flow.by_nodes()):
        assert row.peer == "forward"
        assert row.ratio is not None
        assert row.ratio > 0.5


def test_rows_of_the_vortex_street_can_be_written_where_nothing_is_shed_yet() -> None:
    street = VortexStreet(0.03, 0.1, 0.004, 0.4)
    rows = {name: street.error(name) for name in VortexStreet.known}
    for row in rows.values():
        json.dumps(row.to_dict(), allow_nan=False)
    assert rows["strouhal"].ours == 1
    assert rows["drag"].ours < 0.5
