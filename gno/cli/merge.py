"""``gno merge``: several datasets of one kind as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Json, Quiet
from gno.cli.output import Output


def merge(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Datasets of the same fields and options.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.h5", help="The dataset to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Put datasets into one file, in the order they are given; the files stay.

    Shards of gno generate --shard give the dataset of one process. A merge that was stopped goes on where it was.
    """
    from gno.cli.dataset import as_event, check_dataset, print_dataset
    from gno.datasets import merge as put_together

    output = Output(as_json=as_json, quiet=quiet)
    check_dataset(out, overwrite=overwrite, inputs=files)
    with output.progress() as tell:
        put_together(files, out, overwrite=overwrite, progress=tell and as_event(tell))
    print_dataset(output, out)
