"""Running of a contest: data, then row by row, each kept as soon as it is there."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.data import make_data
from gno.bench.accuracy.package import package_row
from gno.bench.accuracy.peers import PACKAGED, PERSISTENCE, RIDGE, SEEDLESS
from gno.bench.accuracy.rows import kept, network_row, persistence_row, ridge_row
from gno.bench.accuracy.solver import solver_rows
from gno.bench.accuracy.table import summary
from gno.bench.hardware import hardware
from gno.bench.timing import CPU
from gno.errors import ConfigError
from gno.files import check_folder, make_folder, write_text
from gno.training.progress import Event, Progress, silent

_SEEDLESS_ROWS = {RIDGE: ridge_row, PERSISTENCE: persistence_row}


def measure(contest: Contest, *, progress: Progress | None = None) -> dict[str, Any]:
    """All rows and their summary; ``accuracy.json`` in the folder holds them, too.

    What is there from an earlier call is not computed again, and a run that was stopped goes on where it was.

    Args:
        contest: who takes part, in what.
        progress: told of data, training and rows.

    Raises:
        ConfigError: a folder with rows of another contest.
        Interrupted: by Ctrl-C or SIGTERM; finished rows and checkpoints are kept.
        ResourceError: a file cannot be written, or the package of a peer cannot be installed.
    """
    tell = progress or silent
    check_folder(contest.folder)
    make_folder(contest.folder)
    _check_same(contest)
    make_data(contest, tell)
    solver = kept(contest.folder / "rows" / "solver.json", partial(solver_rows, contest))
    rows = []
    for seed in range(contest.seeds):  # seed by seed: a table with fewer seeds is there early
        for peer in contest.taking_part:
            if peer in SEEDLESS and seed:
                continue
            rows.append(kept(contest.row(peer, seed), partial(_row, contest, peer, seed, tell)))
            error = rows[-1]["on"]["same"]["error"]
            tell(Event("rows", len(rows), contest.num_rows, {"error": error}, milestone=True))
            _write(contest, rows, solver)
    return _write(contest, rows, solver)


def _row(contest: Contest, peer: str, seed: int, tell: Progress) -> dict[str, Any]:
    if peer in _SEEDLESS_ROWS:
        return _SEEDLESS_ROWS[peer](contest, seed)
    return (package_row if peer in PACKAGED else network_row)(contest, peer, seed, tell)


def _check_same(contest: Contest) -> None:
    """Refuse to put rows of another contest into one table."""
    before = kept(contest.folder / "contest.json", lambda: contest.asked)
    if before != contest.asked:
        raise ConfigError(
            f"{contest.folder} holds another contest", why=f"it was {before}, and now is {contest.asked}",
            fix="give another folder",
        )  # fmt: skip


def _write(contest: Contest, rows: list[dict[str, Any]], solver: list[dict[str, Any]]) -> dict[str, Any]:
    asked = contest.asked | {"seeds": contest.seeds}
    record = asked | {"hardware": hardware(CPU), "summary": summary(rows, solver), "rows": rows, "solver": solver}
    write_text(contest.folder / "accuracy.json", json.dumps(record, indent=2) + "\n")
    return record
