"""From errors to exit codes: three lines for who reads, one object for programs."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from gno.errors import CONTROLS, ConfigError, GnoError, Interrupted, ResourceError, SolverError, is_out_of_memory
from gno.files import NO_SPACE

UsageError = typer.BadParameter.__base__
"""Typer's own class of usage errors, which it does not export."""
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
GENERAL = {
    1: ("this is a fault of gno, not of yours", "please report it, with the lines above"),
    2: ("the command or its configuration cannot be used", "give another name or value; look at: gno --help"),
    3: ("the mesh or the data cannot be used", "look at it with: gno check FILE"),
    4: ("the model file cannot be used", "copy it again, or train the model again"),
    5: ("the numbers did not converge, or are not finite", "look at the mesh with: gno check FILE"),
    6: ("the disk or the memory does not suffice", "free some, then run it again"),
    130: ("it was told to stop", "run it again"),
    143: ("it was told to stop", "run it again"),
}
"""Why and fix by exit code, for errors that do not say."""


class GuardedGroup(TyperGroup):
    """Commands whose errors end with the exit code of their class, and never with a bare traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a closed pipe ends it here, before Typer makes a failure of it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise typer.Exit(_pipe_closed()) from error

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run a command and end the process with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        options["standalone_mode"] = False
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            try:
                code = super().main(words, *rest, **options)
                sys.stdout.flush()
                if code == 130:  # Typer makes this of Ctrl-C
                    raise KeyboardInterrupt
            except BrokenPipeError:
                code = _pipe_closed()
            except (KeyboardInterrupt, typer.Abort):
                code = tell(Interrupted("stopped", signum=2), as_json="--json" in words)
            except Exception as error:
                code = _tell_any(error, words)
        sys.exit(code if isinstance(code, int) else 0)


def as_gno_error(error: BaseException) -> GnoError | None:
    """The error in our words; ``None`` where it is a fault of ours.

    Args:
        error: anything that a command raised.

    Example:
        >>> as_gno_error(OSError(28, "No space left on device")).exit_code
        6
    """
    if isinstance(error, GnoError):
        return error
    if UsageError is not None and isinstance(error, UsageError):
        return _usage(error)
    if is_out_of_memory(error):
        return ResourceError("out of memory", why=_line(error), fix="use a smaller mesh or batch")
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return ResourceError("the disk is full", why=_line(error), fix="free some space, then run it again")
    if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
        return ResourceError(f"{error.filename or 'a file'} cannot be used", why=_line(error), fix="look at its rights")
    return None


def tell(error: GnoError, *, as_json: bool = False) -> int:
    """Print an error and return its exit code.

    Of processes that torchrun started, the first one tells what all of them know.

    Args:
        error: what to print on standard error, in three lines.
        as_json: print it as one object on standard output, too.
    """
    if not is_first_process() and isinstance(error, (ConfigError, Interrupted, SolverError)):
        return error.exit_code
    why, fix = GENERAL.get(error.exit_code, GENERAL[1])
    parts = {"what": _one_line(error.what), "why": _one_line(error.why) or why, "fix": _one_line(error.fix) or fix}
    _say(sys.stderr, f"error: {parts['what']}\n  why: {parts['why']}\n  fix: {parts['fix']}\n")
    if as_json:
        about = {"exit_code": error.exit_code, "class": type(error).__name__}
        _say(sys.stdout, json.dumps({"error": about | parts}) + "\n")
    return error.exit_code


def is_first_process() -> bool:
    """Whether this is the first of the processes that torchrun started, or the only one.

    Example:
        >>> is_first_process()
        True
    """
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


def _tell_any(error: Exception, words: Sequence[str]) -> int:
    known = as_gno_error(error)
    if known is None or "--debug" in words:
        _say(sys.stderr, "".join(traceback.format_exception(error)))
    return tell(known or GnoError(f"{type(error).__name__}: {_line(error)}"), as_json="--json" in words)


def _usage(error: Any) -> ConfigError:
    context = getattr(error, "ctx", None)
    message = str(error.format_message()).rstrip(".") or "no command is given"
    return ConfigError(
        message[:1].lower() + message[1:],
        why="the command line is not one that gno knows",
        fix=f"look at: {context.command_path if context else 'gno'} --help",
    )


def _line(error: BaseException) -> str:
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.translate(CONTROLS).split())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del category, filename, lineno, line
    (file or sys.stderr).write(f"warning: {_one_line(str(message))}\n")


def _say(stream: TextIO, text: str) -> None:
    """Write what ends a command; where that cannot be read, its exit code says it all the same."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _close(stream)


def _pipe_closed() -> int:
    """Whoever read our output has enough: no error, and no complaint when Python closes the stream."""
    _close(sys.stdout)
    return 0


def _close(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
