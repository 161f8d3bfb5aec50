"""One row of the catalogue of faults, and the cases that show it through the Python API and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gno.errors import GnoError

Words = tuple[Any, ...]


@dataclass(frozen=True)
class Place:
    """Where a case plays.

    Args:
        folder: an empty one of its own.
        sound: a folder with a dataset ``d.h5``, a model of it ``m.safetensors``, and meshes ``bare.su2``, ``bare.vtu``,
            and ``full.vtu``, which has the model's input.
    """

    folder: Path
    sound: Path

    def copy(self, name: str, change: Callable[[bytes], bytes] = bytes) -> Path:
        """A sound file, changed, under the same name."""
        path = self.folder / name
        path.write_bytes(change((self.sound / name).read_bytes()))
        return path

    def file(self, name: str, content: bytes | str) -> Path:
        """A file of one's own."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@dataclass(frozen=True)
class Case:
    """How a fault is made, and how it shows.

    Args:
        name: of the case.
        make: writes what is wrong into a place, and returns the file that is to be read.
        api: the call.
        words: the command.
        says: pattern of the message or the warning; it must name what was wrong.
    """

    name: str
    make: Callable[[Place], Path]
    api: Callable[[Path, Place], Any]
    words: Callable[[Path, Place], Words]
    says: str


@dataclass(frozen=True)
class Fault:
    """A row.

    Args:
        number: in the catalogue.
        what: the fault.
        answer: what happens.
        error: class of the error, whose exit code is that of the command; ``None`` where it goes on.
        cases: run through API and command line by one test.
        tests: other tests that hold it through the API.
        commands: other tests that hold it through the command line: each gives a command.
        one_sided: why it is met on one of the two sides alone.
        warns: whether it goes on with a warning.
    """

    number: int
    what: str
    answer: str
    error: type[GnoError] | None = None
    cases: tuple[Case, ...] = ()
    tests: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    one_sided: str = ""
    warns: bool = False

    @property
    def through_both(self) -> bool:
        """Whether it is held through the API and through the command line."""
        return bool(self.cases) or bool(self.tests and self.commands)
