"""The contest: which case, who takes part, for how long, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gno.bench.accuracy.case import Case
from gno.bench.accuracy.cases import CASES
from gno.bench.accuracy.peers import PEERS, SEEDLESS
from gno.datasets.naming import suggestion
from gno.errors import ConfigError


@dataclass(frozen=True)
class Contest:
    """What all rows share.

    Args:
        folder: of data, runs and rows.
        name: of the case.
        seconds: of the CPU that each network trains.
        seeds: of each network.
        peers: who takes part; all that can where nobody is named.
        threads: of the CPU; 0 leaves torch its own choice.
        workers: processes that make the data.
        quick: few nodes and samples.

    Raises:
        ConfigError: an unknown case or peer, or counts that cannot be.

    Example:
        >>> Contest(Path("runs"), peers=("gcn", "kernel ridge"), seeds=2).num_rows
        3
    """

    folder: Path
    name: str = "darcy"
    seconds: float = 3600.0
    seeds: int = 3
    peers: Sequence[str] = ()
    threads: int = 1
    workers: int = 1
    quick: bool = False

    def __post_init__(self) -> None:
        _check_known("case", self.name, CASES)
        for peer in self.peers:
            _check_known("peer", peer, PEERS)
            if peer not in self._able:
                raise ConfigError(
                    f"peer {peer!r} takes no part in {self.name}", why=f"those that do: {', '.join(self._able)}"
                )
        if not (self.seconds > 0 and self.seeds > 0 and self.threads >= 0 and self.workers > 0):
            raise ConfigError(
                f"{self.seconds:g} seconds, {self.seeds} seeds, {self.threads} threads, {self.workers} workers",
                why="there is something to train, with something",
            )

    @property
    def case(self) -> Case:
        """The case itself."""
        return CASES[self.name].small() if self.quick else CASES[self.name]

    @property
    def asked(self) -> dict[str, Any]:
        """What all rows of a folder agree in."""
        return {name: getattr(self, name) for name in ("name", "seconds", "threads", "quick")}

    @property
    def taking_part(self) -> tuple[str, ...]:
        """The peers, in the order of their rows."""
        return tuple(self.peers) or self._able

    @property
    def num_rows(self) -> int:
        """Rows of all peers: of each seed, but one where nothing is drawn at random."""
        return sum(1 if peer in SEEDLESS else self.seeds for peer in self.taking_part)

    @property
    def _able(self) -> tuple[str, ...]:
        return tuple(CASES[self.name].peers)

    def file(self, mesh: str = "") -> Path:
        """A dataset: that of the training, or the test problems on other meshes.

        Args:
            mesh: a name of ``case.meshes``; empty for the training.
        """
        return self.folder / "data" / f"{self.name}{'-' + mesh if mesh else ''}.h5"

    def row(self, peer: str, seed: int) -> Path:
        """The file of a finished row.

        Args:
            peer: its name.
            seed: of the run.
        """
        return self.folder / "rows" / f"{peer}-{seed}.json"

    def run(self, peer: str, seed: int) -> Path:
        """The folder of a run.

        Args:
            peer: its name.
            seed: of the run.
        """
        return self.folder / "runs" / f"{peer}-{seed}"


def _check_known(what: str, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise ConfigError(f"{what} {name!r} is unknown", why=f"known: {', '.join(known)}", fix=suggestion(name, known))
