"""OpenFOAM as a peer: where it is, how its files are written, and what its programs cost."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gno.bench.timing import Seconds
from gno.errors import GnoError
from gno.files import make_folder, write_text
from gno.mesh.formats.foam import header
from gno.mesh.formats.slab import ENDS

PLACES = ("/usr/share/openfoam", "/usr/lib/openfoam/openfoam*", "/opt/openfoam*", "/opt/OpenFOAM/OpenFOAM-*")
"""Where packages put it."""
Entries: TypeAlias = Mapping[str, Any]
"""A dictionary of OpenFOAM: words, numbers, lists in parentheses, or dictionaries."""
MOST = 20_000
"""Iterations after which a solution counts as not converged."""
EMPTY: Mapping[str, Entries] = {ENDS: {"type": "empty"}}
"""The condition on both sides of the layer of cells that a flat mesh is written as."""
MULTIGRID: Entries = {"solver": "GAMG", "smoother": "GaussSeidel", "tolerance": 1e-12, "relTol": 0.1}
"""Solver of a symmetric system, a tenth at a time."""
_FIELD = re.compile(r"internalField\s+nonuniform\s+List<\w+>\s*(\d+)\s*\((.*?)\)\s*;\s*boundaryField", re.DOTALL)
_CONVERGED = re.compile(r"SIMPLE solution converged in \d+ iterations")
_TOLD = 12


@cache
def environment() -> Mapping[str, str] | None:
    """The variables that its programs need; nothing where it is not installed.

    They are asked for once, so that no shell runs while a program is timed.
    """
    if "WM_PROJECT_DIR" in os.environ and shutil.which("simpleFoam"):
        return dict(os.environ)
    found = [place for pattern in PLACES for place in Path("/").glob(f"{pattern[1:]}/etc/bashrc")]
    for script in found:
        command = ["bash", "-c", f"source {script} > /dev/null 2>&1; env -0"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        variables = dict(line.split("=", 1) for line in told.split("\0") if "=" in line)
        if shutil.which("simpleFoam", path=variables.get("PATH")):
            return variables
    return None


def write_dictionary(path: Path, entries: Entries, *, kind: str = "dictionary") -> None:
    """Write a file of a case.

    Args:
        path: the file; its folder is made.
        entries: what stands in it.
        kind: its class.
    """
    make_folder(path.parent)
    write_text(path, header(kind, path.parent.name, path.name) + "\n".join(_lines(entries)) + "\n")


def listed(values: np.ndarray) -> str:
    """A field as the entry ``nonuniform List<...>``: scalars ``(n,)``, or vectors ``(n, 2)`` with a third of nought.

    Args:
        values: one for each face of a patch.

    Example:
        >>> listed(np.array([[1.0, 2.0]]))
        'nonuniform List<vector> 1 ( (1.0 2.0 0) )'
    """
    kind = "scalar" if values.ndim == 1 else "vector"
    rows = values.tolist() if values.ndim == 1 else [f"({x!r} {y!r} 0)" for x, y in values.tolist()]
    return f"nonuniform List<{kind}> {len(rows)} ( {' '.join(map(str, rows))} )"


def write_settings(case: Path, program: str, solution: Entries, *, convection: Entries, functions: Entries) -> None:
    """Write how a steady program solves: linear values on faces, gradients across them corrected.

    Args:
        case: the folder.
        program: its name.
        solution: its solvers, and when it stops.
        convection: schemes of the terms that have one.
        functions: what else it is asked for.
    """
    schemes = {
        "ddtSchemes": {"default": "steadyState"},
        "gradSchemes": {"default": "Gauss linear"},
        "divSchemes": {"default": "none", **convection},
        "laplacianSchemes": {"default": "Gauss linear corrected"},
        "interpolationSchemes": {"default": "linear"},
        "snGradSchemes": {"default": "corrected"},
    }
    control = {**_control(program), "functions": functions}
    for name, entries in {"controlDict": control, "fvSchemes": schemes, "fvSolution": solution}.items():
        write_dictionary(case / "system" / name, entries)


def _control(program: str) -> dict[str, Any]:
    """Iterate up to ``MOST`` times, and write the last fields alone."""
    steps = {"startFrom": "startTime", "startTime": 0, "stopAt": "endTime", "endTime": MOST, "deltaT": 1}
    writing = {"writeControl": "timeStep", "writeInterval": MOST, "writeFormat": "ascii", "writePrecision": 12}
    return {"application": program, **steps, **writing, "runTimeModifiable": "no"}


def run(program: str, case: Path) -> Seconds:
    """Run a steady program: its cost, in CPU seconds of the user.

    Args:
        program: its name.
        case: the folder.

    Raises:
        GnoError: it ends with an error, or does not converge; its last lines are told.
    """
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
    done = subprocess.run(
        [program, "-case", str(case)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wall, spent = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    if done.returncode:
        raise GnoError(f"{program} ended with code {done.returncode}", why=last_lines(done.stdout))
    if not _CONVERGED.search(done.stdout):
        raise GnoError(f"{program} did not converge in {MOST} iterations", why=last_lines(done.stdout))
    return Seconds(spent, wall)


def last_lines(told: str) -> str:
    r"""The end of what a program told, in one line.

    Args:
        told: all of it.

    Example:
        >>> last_lines("a\n\nb\n")
        'it said: a / b'
    """
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return f"it said: {' / '.join(lines[-_TOLD:])}"


def iterations(case: Path) -> int:
    """The iterations that a program took: it writes its last fields into a folder of their number.

    Args:
        case: the folder.
    """
    return max(int(place.name) for place in case.iterdir() if place.name.isdigit())


def read_field(case: Path, name: str) -> np.ndarray:
    """Values in the cells after the last iteration: ``(cells,)``, or ``(cells, 3)``.

    Args:
        case: the folder.
        name: of the field.

    Raises:
        GnoError: there is none.
    """
    path = case / str(iterations(case)) / name
    found = _FIELD.search(path.read_text())
    if found is None:
        raise GnoError(f"{path} holds no field of the cells", why="OpenFOAM's text was expected")
    values = np.array(found[2].replace("(", " ").replace(")", " ").split(), dtype=np.float64)
    return values if len(values) == int(found[1]) else values.reshape(int(found[1]), 3)


def _lines(entries: Entries, depth: int = 0) -> Sequence[str]:
    shift, lines = "    " * depth, list[str]()
    for name, value in entries.items():
        if isinstance(value, Mapping):
            lines += [f"{shift}{name}", f"{shift}{{", *_lines(value, depth + 1), f"{shift}}}"]
        else:
            lines.append(f"{shift}{name} {value};")
    return lines
