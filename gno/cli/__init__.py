"""The command line: parse, call, print."""

from __future__ import annotations

import os
import signal
from types import FrameType

from gno.errors import Interrupted


def main() -> None:
    """Run the command line of ``sys.argv``, and end the process with its exit code."""
    # Threads that spin while they wait for others make small steps on a busy machine fifty times slower than threads
    # that sleep; torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from gno.cli.application import app

    signal.signal(signal.SIGTERM, _stop)
    app(prog_name="gno")


def _stop(signum: int, _frame: FrameType | None) -> None:
    """End by an exception, so that what was begun is cleared away."""
    raise Interrupted("stopped", signum=signum)
