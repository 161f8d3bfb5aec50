"""The command line: parse, call, print."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from gno.errors import Interrupted


def main() -> None:
    """Run the command line of ``sys.argv``, and end the process with its exit code."""
    # Threads that spin while they wait for others make small steps on a busy machine fifty times slower than threads
    # that sleep; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from gno.cli.application import app

    _open_streams()
    signal.signal(signal.SIGTERM, _stop)
    app(prog_name="gno")


def _open_streams() -> None:
    """What is closed leads nowhere: else the next file that is opened would get its number, and what is printed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open to the end


def _stop(signum: int, _frame: FrameType | None) -> None:
    """End by an exception, so that what was begun is cleared away."""
    raise Interrupted("stopped", signum=signum)
