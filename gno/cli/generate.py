"""``gno generate``: datasets made by our own solvers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Json, Quiet, Set
from gno.cli.output import Output


def generate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The problem: darcy.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.h5", help="The dataset to write.")],
    number: Annotated[int, typer.Option("-n", "--number", metavar="N", min=1, help="Samples.")],
    set_: Set = None,
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="Seed of all random numbers.")] = 0,
    workers: Annotated[int, typer.Option(metavar="W", min=1, help="Processes.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Make a dataset of a problem with random inputs, solved by finite volumes.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from gno.cli.dataset import as_event, check_dataset, print_dataset
    from gno.cli.settings import settings
    from gno.problems import generate as make
    from gno.problems import problem_named

    options = settings(set_, example="nodes=200")
    problem = problem_named(name, options | ({} if "seed" in options else {"seed": seed}))
    check_dataset(out, overwrite=overwrite)
    output = Output(as_json=as_json, quiet=quiet)
    with output.progress() as tell:
        make(problem, out, number, workers=workers, progress=tell and as_event(tell), overwrite=overwrite)
    print_dataset(output, out)
