"""Fields in time as files: one ``.vtu`` an instant, and a collection that ParaView opens as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from gno.cli.places import check_file
from gno.errors import ConfigError, Interrupted
from gno.files import write_bytes
from gno.mesh import Mesh, save
from gno.mesh.formats import pvd


class Series:
    """A file an instant; after each the collection names all that are there.

    Args:
        path: ``OUT.vtu`` stands for ``OUT_0000.vtu``, ``OUT_0001.vtu`` and so on, and ``OUT.pvd``.

    Example:
        >>> Series(Path("u.vtu")).collection.name
        'u.pvd'
    """

    def __init__(self, path: Path) -> None:
        self.path, self.collection = path, path.with_suffix(".pvd")
        self.times: dict[Path, float] = {}

    def check(self, times: Sequence[float], every: int, *, inputs: list[Path]) -> None:
        """Refuse files that cannot be written.

        Args:
            times: the instants, of which each ``every``-th is written, and the first and the last.
            every: which ones.
            inputs: files that must not be replaced.

        Raises:
            ConfigError: another suffix, or one of the inputs.
            ResourceError: no such folder, or no right to write there.
        """
        check_file(self.path, (".vtu",))
        written = 2 + (len(times) - 2) // every
        for place in (self.collection, *map(self._at, range(written))):
            check_file(place, (), inputs=inputs)

    def append(self, time: float, mesh: Mesh) -> None:
        """Write one more state.

        Args:
            time: of the state.
            mesh: with its fields.

        Raises:
            ResourceError: a file cannot be written.
        """
        place = self._at(len(self.times))
        save(mesh, place)
        times = {**self.times, place: time}
        write_bytes(self.collection, pvd.write({file.name: at for file, at in times.items()}))
        self.times = times

    def stopped(self, stop: BaseException, *, resume: str = "--set initial=u") -> Interrupted:
        """What to raise where a signal ended the run.

        Args:
            stop: what the signal raised.
            resume: the words that go on from a file.
        """
        signum = stop.exit_code - 128 if isinstance(stop, Interrupted) else 2
        if not self.times:
            return Interrupted("stopped before the first state", signum=signum)
        last, time = list(self.times.items())[-1]
        return Interrupted(
            f"stopped; {last} is the last state, at time {time:.6g}",
            why="it was told to stop",
            fix=f"look at {self.collection}, or go on from {last} with: {resume}",
            signum=signum,
        )

    def _at(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}_{number:04d}.vtu")


def instants(until: float | None, steps: int | None, every: int | None) -> list[float] | None:
    """The instants of a run in time, of equal steps; ``None`` where the steady state is wanted.

    Args:
        until: the last.
        steps: how many steps.
        every: which states to keep; it means nothing without steps.

    Raises:
        ConfigError: a time without steps, or the reverse, or a time that is not ahead.

    Example:
        >>> instants(1.0, 4, None)
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if until is None and steps is None and every is None:
        return None
    if until is None or steps is None:
        raise ConfigError(
            "a run in time takes --time and --steps", why="one of them is missing", fix="--time 1 --steps 100"
        )
    if not 0 < until < math.inf:
        raise ConfigError(f"--time {until:g}", why="it must be positive and finite", fix="for example: --time 1")
    return [until * step / steps for step in range(steps + 1)]
