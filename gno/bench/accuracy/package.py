"""Peers that are packages: an environment of their own, and a row made in it."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import Any

from gno.bench.accuracy.contest import Contest
from gno.errors import ResourceError
from gno.training.progress import Event, Progress

PACKAGE = "neuraloperator==2.0.0"
"""What is installed. Version 2.0.0 has FNO and GINO."""
_LEAVE_OUT = "leave its peers out: name the others by --peer"


def environment(folder: Path) -> Path:
    """An interpreter that has the package, and all that this one has; made where it is not there yet.

    Args:
        folder: where it is put.

    Raises:
        ResourceError: the package cannot be installed.
    """
    python = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists():
        return python
    venv.create(folder, with_pip=True, clear=True)
    here = sysconfig.get_path("purelib")
    site = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    # Not only its folder: packages installed for editing, as gno may be, are found by files of paths in there.
    (Path(site.strip()) / "contest.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    ran = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        said = (ran.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ResourceError(f"{PACKAGE} cannot be installed in {folder}", why=said, fix=_LEAVE_OUT)
    done.write_text(PACKAGE + "\n")
    return python


def package_row(contest: Contest, peer: str, seed: int, tell: Progress) -> dict[str, Any]:
    """Train and measure a peer in the environment of its package. Stopped, it begins anew.

    Args:
        contest: that it takes part in.
        peer: its name.
        seed: of the run.
        tell: told of its training.

    Raises:
        ResourceError: the package cannot be installed, or its process fails.
    """
    tell(Event(f"environment of {peer}", 0, 1, milestone=True))
    python = environment(contest.folder / "environment")
    with tempfile.TemporaryDirectory() as scratch:
        out, errors = Path(scratch) / "row.json", Path(scratch) / "errors"
        words = [json.dumps(contest.asked | {"folder": str(contest.folder)}), peer, str(seed), str(out)]
        with (
            errors.open("w") as log,
            subprocess.Popen(
                [python, "-m", "gno.bench.accuracy.neuralop", *words], stdout=subprocess.PIPE, stderr=log, text=True
            ) as child,
        ):
            try:
                _follow(child, contest, tell)
            except BaseException:
                child.kill()
                raise
        if child.returncode:
            said = (errors.read_text().strip().splitlines() or [f"it ended with {child.returncode}"])[-1]
            raise ResourceError(f"{peer} of {PACKAGE} failed", why=said, fix=_LEAVE_OUT)
        found: dict[str, Any] = json.loads(out.read_text())
        return found


def _follow(child: subprocess.Popen[str], contest: Contest, tell: Progress) -> None:
    """Tell of the training until its output ends."""
    for line in child.stdout or ():
        done, loss, *_ = [*line.split(), "", ""]
        if done.isdigit():  # else the package says something
            tell(Event("training", int(done), max(round(contest.seconds), int(done), 1), {"loss": float(loss)}))
    child.wait()
