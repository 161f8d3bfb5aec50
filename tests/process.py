"""Processes of their own, forked from one that has the libraries loaded: to load them anew takes each some seconds.

For what such a process does, says and ends with, signals included; what it loads, and how it starts and shuts down,
only one that is started can show.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "torch",
        "torch_geometric",
        "matplotlib.pyplot",
        "scipy.sparse.linalg",
        "gno.cli.application",
        "gno.problems",
        "gno.models.saved",
        "gno.training.loop",
        "gno.report",
        "pytest",  # it is the program that runs, and each child loads that
    ]
)


def begin(code: str, *words: Any, out: IO[Any], err: IO[Any], cwd: Path | None = None) -> BaseProcess:
    """Run a text as ``python -c`` does, writing to two files or pipes."""
    streams = [Connection(os.dup(stream.fileno()), readable=False) for stream in (out, err)]
    given = (code, [str(word) for word in words], *streams, dict(os.environ), str(cwd or Path.cwd()))
    process = FORKS.Process(target=_child, args=given)
    process.start()
    for stream in streams:
        stream.close()
    return process


def script(code: str, *words: Any, cwd: Path | None = None, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a text as ``python -c`` does to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = begin(code, *words, out=out, err=err, cwd=cwd)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(code, timeout)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read())
    return subprocess.CompletedProcess([code, *words], process.exitcode, *said)


def _child(
    code: str, words: list[str], out: Connection, err: Connection, environment: dict[str, str], folder: str
) -> None:
    for stream, number in ((out, 1), (err, 2)):
        os.dup2(stream.fileno(), number)
        stream.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["-c", *words]
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
