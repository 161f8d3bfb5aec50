"""``gno bench accuracy``: operators, peers and solver on the same data, each trained for the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gno.cli.output import Output

_SMALL: dict[str, Any] = {"seconds": 1.0, "seeds": 1}


def bench_accuracy(output: Output, folder: Path, given: dict[str, Any]) -> None:
    """Run the contest, and print its table.

    Args:
        output: where results go.
        folder: of data, runs and rows.
        given: what was said of the contest; the rest is left to it.
    """
    from gno.bench.accuracy import Contest, measure
    from gno.bench.accuracy.table import solver_table, table
    from gno.bench.hardware import in_words
    from gno.bench.threads import torch_threads

    said = {name: value for name, value in given.items() if value is not None}
    options: dict[str, Any] = {**(_SMALL if given.get("quick") else {}), **said}
    contest = Contest(folder, **options)
    with torch_threads(contest.threads or None), output.progress() as tell:
        record = measure(contest, progress=tell)
    learned = contest.case.samples - contest.case.tests
    output.text(
        f"{contest.name}: {learned} samples of about {contest.case.nodes} nodes, {contest.seconds:g} s of training each"
        f"; {in_words(record['hardware'])}{', quick' if contest.quick else ''}"
    )
    output.table(*table(record["summary"]))
    output.table(*solver_table(record["solver"]))
    output.text(f"wrote {folder / 'accuracy.json'}")
    output.result({"folder": folder, **record})
