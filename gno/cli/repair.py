"""``gno repair``: what is whole of a damaged or unfinished dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Json, Quiet
from gno.cli.output import Output


def repair(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A dataset, finished or not (*.part).")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="SOUND.h5", help="What is whole; FILE.h5 of FILE.h5.part.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Keep the samples of a damaged or unfinished dataset that are whole; FILE itself stays as it is."""
    from gno.datasets import repair as keep

    output = Output(as_json=as_json, quiet=quiet)
    kept = keep(file, out, overwrite=overwrite)
    output.text(f"{kept.path}: {kept.num_samples} samples kept, {kept.num_lost} damaged records left out")
    output.result({"path": kept.path, "samples": kept.num_samples, "lost": kept.num_lost})
