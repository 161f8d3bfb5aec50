"""What only a process of its own can show: imports, time, signals, pipes, exit codes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.mesh import load, save, shapes
from gno.models import Operator
from tests.cli.conftest import MAIN, Answer

Alone = Callable[..., Answer]
HEAVY = ("torch", "torch_geometric", "numpy", "scipy", "h5py", "meshio", "matplotlib")
GNO = [sys.executable, "-c", MAIN]
SOLVERS = ["solve", "solve darcy", "solve advection-diffusion", "solve navier-stokes", "solve euler"]
COMMANDS = [
    "",
    "generate",
    "convert",
    "check",
    "merge",
    "repair",
    "train",
    "evaluate",
    "predict",
    "export",
    *SOLVERS,
    "bench",
    "info",
]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, contextlib\n"
        "from gno.cli import main\n"
        f"for command in {COMMANDS!r}:\n"
        "    sys.argv = ['gno', *command.split(), '--help']\n"
        "    with contextlib.suppress(SystemExit): main()\n"
        f"    print('loaded', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    words = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    *pages, rest = result.stdout.split("loaded []\n")
    assert rest == ""
    for command, page in zip(COMMANDS, pages, strict=True):
        assert f"Usage: {' '.join(['gno', *command.split()])} " in page


def test_help_comes_at_once() -> None:
    def seconds(*words: str) -> float:
        before = os.times()
        subprocess.run(words, capture_output=True, timeout=60, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    # Beside the libraries that draw it, in turns: a second of a processor is worth less where others use it, too.
    drawing = (sys.executable, "-c", "import typer.main, typer.rich_utils, rich.markdown")
    pairs = [(seconds(*GNO, "--help"), seconds(*drawing)) for _ in range(3)]
    ours, theirs = (min(times) for times in zip(*pairs))
    assert ours < 2.5 * theirs


def test_version(alone: Alone) -> None:
    from gno import __version__

    assert alone("--version").out == f"gno {__version__}\n"


def test_usage_is_told_in_three_lines(alone: Alone) -> None:
    for words in (["nosuch"], ["check"], ["generate", "darcy", "-o", "x.h5", "-n", "many"], ["check", "a", "--nosuch"]):
        result = alone(*words)
        assert result.code == 2
        assert [line[:8] for line in result.err.splitlines()] == [
            "error: " + result.err[7],
            "  why: -"[:7] + result.err.splitlines()[1][7],
            "  fix: l",
        ]
        assert result.out == ""


def test_help_comes_without_a_command_too(alone: Alone) -> None:
    result = alone()
    assert result.code == 2
    assert "Usage: gno" in result.out
    assert result.err.startswith("error: no command is given\n")


def test_a_fault_of_ours_shows_its_traceback(alone: Alone) -> None:
    code = "import gno.cli.info as info\ninfo._facts = lambda: 1 / 0"
    result = alone("info", before=code)
    assert result.code == 1
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1] == "  fix: please report it, with the lines above"


def test_a_closed_pipe_ends_quietly(alone: Alone, tmp_path: Path) -> None:
    mesh = tmp_path / "m.su2"
    mesh.write_text("NDIME= 2\nNELEM= 1\n5 0 1 2 0\nNPOIN= 3\n0 0 0\n1 0 1\n0 1 2\n")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        result = alone("check", mesh, stdout=closed)
    assert result.err == ""
    assert result.code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_generation_goes_on(
    stop: Callable[..., tuple[int, str]], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    words = [
        "generate",
        "darcy",
        "-o",
        str(tmp_path / "d.h5"),
        "-n",
        "3",
        "--set",
        "nodes=40",
        "--set",
        "field_nodes=100",
    ]
    many = [*words[:5], "5000", *words[6:]]
    ended, rest = stop(*many, after="samples", number=number)
    assert ended == code
    assert rest.splitlines()[-3].startswith("error: stopped")
    assert [p.name for p in tmp_path.iterdir()] == ["d.h5.part"]


def test_an_error_is_an_object_too(alone: Alone) -> None:
    result = alone("check", "nosuch.vtu", "--json")
    error = result.json["error"]
    assert result.code == error["exit_code"] == 3
    assert error["class"] == "MeshError"
    assert "nosuch.vtu" in error["what"]
    assert error["why"]
    assert error["fix"]
    assert "Traceback" not in result.err
    assert "Traceback" in alone("check", "nosuch.vtu", "--debug").err


SERVE = """
import json, sys
sys.modules["gno"] = None
import torch

program = torch.export.load(sys.argv[1])
(inputs,) = program.example_inputs[0]
outputs = [program.module()(inputs | {"inputs": inputs["inputs"] * factor}) for factor in (1.0, 2.0)]
print(json.dumps([u[:, 0].tolist() for u in outputs]))
"""


def test_an_exported_model_serves_without_gno(alone: Alone, files: Path, tmp_path: Path) -> None:
    model, mesh, out = files / "m.safetensors", files / "full.vtu", tmp_path / "m.pt2"
    result = alone("export", model, mesh, "-o", out, "--json")
    assert result.code == 0, result.err
    assert result.json["fields"] == ["permeability"]
    served = subprocess.run([sys.executable, "-c", SERVE, out], capture_output=True, text=True, timeout=600)
    assert served.returncode == 0, served.stderr
    operator, full = Operator.load(model), load(mesh)
    for u, factor in zip(json.loads(served.stdout), (1.0, 2.0)):
        expected = operator.predict(full.with_data({"permeability": factor * full.point_data["permeability"]}))
        np.testing.assert_allclose(u, expected.point_data["u"], rtol=1e-5)


def test_export_refuses_another_suffix(alone: Alone, files: Path, tmp_path: Path) -> None:
    result = alone("export", files / "m.safetensors", files / "bare.vtu", "-o", tmp_path / "m.pth")
    assert result.code == 2
    assert "pt2" in result.err


def test_the_package_is_a_command_and_only_the_first_process_tells_what_all_know(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "nosuch.toml", "-o", "run"]
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    first = subprocess.run([sys.executable, "-m", "gno", *words], capture_output=True, text=True, timeout=600)
    monkeypatch.setenv("RANK", "1")
    second = alone(*words)
    assert (first.returncode, second.code) == (2, 2)
    assert (len(first.stderr.splitlines()), second.err) == (3, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk as Linux has it")
def test_streams_that_are_full_or_closed_still_leave_the_exit_code(alone: Alone, files: Path) -> None:
    words = ("check", files / "d.h5", "--json")
    with open("/dev/full", "w") as full:
        told = alone(*words, stdout=full)
        assert (told.code, told.error[0]) == (6, "error: the disk is full")
        assert "Traceback" not in told.err
        assert alone("check", files / "gone.h5", stderr=full).code == 3
    assert alone(*words, before="import sys; sys.stdout = None", stdin=subprocess.DEVNULL).code == 0


def test_names_in_a_file_command_no_terminal(gno: Callable[..., Answer], tmp_path: Path) -> None:
    save(shapes.square(0.5), tmp_path / "m.su2")
    (tmp_path / "m.su2").write_text((tmp_path / "m.su2").read_text().replace("left", "le\x1b[31mft"))
    answer = gno("check", tmp_path / "m.su2")
    assert "\x1b" not in answer.out + answer.err
    assert "le [31mft" in answer.out
