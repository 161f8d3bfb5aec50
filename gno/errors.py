"""Errors that say what is wrong, why, and what to do; the command line turns them into exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")
"""Characters that would break the line, or command the terminal: what a damaged file holds may stand in a message."""


class GnoError(Exception):
    """Base of all errors of this package.

    Args:
        what: one line of what is wrong, with the number or name that is wrong.
        why: one line of why it cannot go on.
        fix: one line of what to do.

    Example:
        >>> str(MeshError("cell 17 refers to point 99999", why="the mesh has 353 points", fix="rewrite the file"))
        'cell 17 refers to point 99999; the mesh has 353 points; rewrite the file'
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        self.what, self.why, self.fix = (text.translate(CONTROLS) for text in (what, why, fix))
        super().__init__("; ".join(part for part in (self.what, self.why, self.fix) if part))


class ConfigError(GnoError):
    """A recipe, option or argument that cannot be used (exit code 2)."""

    exit_code = 2


class MeshError(GnoError):
    """A mesh or mesh file that cannot be used (exit code 3)."""

    exit_code = 3


class DataError(GnoError):
    """A dataset or field that cannot be used (exit code 3)."""

    exit_code = 3


class ModelError(GnoError):
    """A model file that is broken, foreign or untrusted (exit code 4)."""

    exit_code = 4


class SolverError(GnoError):
    """A numerical failure: no convergence, or numbers that are not finite (exit code 5)."""

    exit_code = 5


class ResourceError(GnoError):
    """Disk or memory that does not suffice (exit code 6)."""

    exit_code = 6


class Interrupted(GnoError):  # noqa: N818 - it is no fault
    """A run that was told to stop, and saved what it had (exit code 130 after Ctrl-C, 143 after SIGTERM).

    Args:
        what: one line of what was stopped.
        why: one line of why.
        fix: one line of how to go on.
        signum: number of the signal; the exit code is 128 more.

    Example:
        >>> Interrupted("training stopped in epoch 3", signum=15).exit_code
        143
    """

    def __init__(self, what: str, *, why: str = "", fix: str = "", signum: int = 2) -> None:
        super().__init__(what, why=why, fix=fix)
        self.exit_code = 128 + signum


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, of Python, NumPy or torch, says that there is no memory left.

    Args:
        error: any.

    Example:
        >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"))
        True
    """
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY)


_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "std::bad_alloc")


@contextmanager
def within_memory(what: str, *, fix: str) -> Iterator[None]:
    """Say what was too large, and what may fit, where memory does not suffice.

    Args:
        what: is done in the block: ``in training with 4 samples a step``.
        fix: what may fit.

    Raises:
        ResourceError: out of memory.

    Example:
        >>> with within_memory("on 100 nodes", fix="50 may fit"):
        ...     raise MemoryError("900 GiB")
        Traceback (most recent call last):
        gno.errors.ResourceError: out of memory on 100 nodes; 900 GiB; 50 may fit
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        why = " ".join(str(error).split())[:200] or "the system gives no more"
        raise ResourceError(f"out of memory {what}", why=why, fix=fix) from error


def within_memory_of(doing: str, count: int, *, of: str = "nodes") -> AbstractContextManager[None]:
    """Say how large a mesh was, and how large one may fit, where memory does not suffice.

    Args:
        doing: what is done in the block: ``a prediction``.
        count: of what the mesh is made.
        of: what is counted.

    Example:
        >>> with within_memory_of("a prediction", 4000):
        ...     raise MemoryError("900 GiB")
        Traceback (most recent call last):
        gno.errors.ResourceError: out of memory in a prediction on 4,000 nodes; 900 GiB; a mesh of 2,000 may fit
    """
    return within_memory(f"in {doing} on {count:,} {of}", fix=f"a mesh of {count // 2:,} may fit")


def said_of_arguments(error: TypeError) -> str:
    """What Python says of a constructor's arguments, without the constructor's name.

    Args:
        error: of the call.

    Example:
        >>> said_of_arguments(TypeError("Wall.__init__() missing 1 required positional argument: 'velocity'"))
        "missing 1 required positional argument: 'velocity'"
    """
    return str(error).rpartition("__init__() ")[2]
