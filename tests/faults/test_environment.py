"""What surrounds a run: memory, locale, clock, seeds, packages that are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import eye_array

from gno.errors import ConfigError, Interrupted
from gno.fv.linear.pardiso import Pardiso
from gno.mesh import load, save
from gno.models import Operator
from gno.training import Event, Recipe, train
from tests.process import script

Gno = Callable[..., Any]

LIMIT = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + ({left} << 20),) * 2)
"""
"""What starves is not Python, which imports as it goes: everything is done once before on a small mesh."""
STARVED = """
import contextlib, sys
from gno.cli import main
wanted = sys.argv[1:]
sys.argv[1:] = {small!r}
with contextlib.suppress(SystemExit): main()
sys.argv[1:] = wanted
"""
HUNGRY = """
import sys
from gno.errors import ResourceError
from gno.mesh import load
from gno.models import Operator
operator, small, big = Operator.load(sys.argv[1]), load(sys.argv[2]), load(sys.argv[3])
operator.predict(small)
{limit}
try: operator.predict(big)
except ResourceError as error: print(error)
"""
LINUX = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited as Linux does")


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A mesh of 40,401 nodes."""
    from gno.mesh import shapes

    mesh = shapes.square(0.005, kind="quad")
    save(mesh.with_data({"permeability": np.full(mesh.num_points, 3.0)}), tmp_path / "big.vtu")
    return tmp_path / "big.vtu"


@LINUX
@pytest.mark.parametrize(("command", "left"), [(("predict", "m.safetensors"), 30), (("solve", "darcy"), 60)])
def test_what_does_not_fit_into_memory_is_told(
    alone: Gno, files: Path, big: Path, command: tuple[str, str], left: int
) -> None:
    words = [str(files / w if w == "m.safetensors" else w) for w in command]
    before = STARVED.format(small=[*words, str(files / "full.vtu"), "-o", f"{big}.small.vtu"])
    answer = alone(*words, big, "-o", big.with_name("p.vtu"), before=before + LIMIT.format(left=left))
    assert answer.code == 6, answer.err
    assert "Traceback" not in answer.err
    what, _, fix = answer.error
    assert what.startswith("error: out of memory in a ")
    assert fix.startswith("  fix: a mesh of 20,")
    assert [p.name for p in big.parent.iterdir() if "small" not in p.name] == ["big.vtu"]


@LINUX
def test_a_prediction_that_does_not_fit_into_memory_is_told(files: Path, big: Path) -> None:
    code = HUNGRY.format(limit=LIMIT.format(left=30))
    answer = script(code, files / "m.safetensors", files / "full.vtu", big)
    assert answer.stdout.startswith("out of memory in a prediction on 40,401 nodes"), answer.stderr
    assert answer.stdout.endswith("a mesh of 20,200 may fit\n")


def test_locale_and_clock_change_nothing(files: Path, tmp_path: Path) -> None:
    code = (
        "import locale, sys, time\n"
        "for name in ('de_DE.UTF-8', 'de_DE.utf8', 'C'):\n"
        "    try: locale.setlocale(locale.LC_ALL, name); break\n"
        "    except locale.Error: pass\n"
        "from gno.mesh import load, save; save(load(sys.argv[1]), sys.argv[2])"
    )
    environment = os.environ | {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu"}
    words = [sys.executable, "-c", code, str(files / "full.vtu"), str(tmp_path / "m.vtu")]
    subprocess.run(words, env=environment, check=True, timeout=120)
    assert (tmp_path / "m.vtu").read_bytes() == (files / "full.vtu").read_bytes()


def test_the_same_seed_gives_the_same_weights(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    one, two = (train(recipe, small_data, tmp_path / name).model.read_bytes() for name in ("one", "two"))
    assert one == two


def test_file_times_do_not_matter(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if event.stage == "training" and event.done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        train(recipe, small_data, tmp_path / "run", progress=stop)
    for number, file in enumerate(sorted((tmp_path / "run").iterdir())):
        os.utime(file, (-(10**6) * number, 4 * 10**9 * (number % 2)))
    assert len(train(recipe, small_data, tmp_path / "run", resume=True).history) == recipe.optimization.epochs


def test_fields_in_another_order_give_the_same_prediction(files: Path) -> None:
    operator, mesh = Operator.load(files / "m.safetensors"), load(files / "full.vtu")
    turned = mesh.with_data(dict(reversed(mesh.point_data.items())))
    assert list(turned.point_data) != list(mesh.point_data)
    assert np.array_equal(operator.predict(mesh).point_data["u"], operator.predict(turned).point_data["u"])


def test_a_solver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypardiso", None)
    with pytest.raises(ConfigError, match=r"pypardiso is not installed; pip install 'gno-pde\[solvers\]'"):
        Pardiso(eye_array(3, format="csr"))
