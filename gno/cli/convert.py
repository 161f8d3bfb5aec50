"""``gno convert``: other people's files as datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Json, Quiet, Set
from gno.cli.output import Output


def convert(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE...", help="Files or folders with the same fields.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.h5", help="The dataset to write.")],
    number: Annotated[
        int | None, typer.Option("-n", "--number", metavar="N", min=1, help="Only the first samples or trajectories.")
    ] = None,
    layout: Annotated[str | None, typer.Option(metavar="NAME", help="Layout of the files, if not found out.")] = None,
    set_: Set = None,
    stride: Annotated[int, typer.Option(metavar="K", min=1, help="Every which point of a grid is taken.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Make a dataset of other people's files: FNO, PDEBench, The Well, MeshGraphNets, folders of .vtu, and more.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from gno.cli.dataset import as_event, check_dataset, print_dataset
    from gno.cli.settings import settings
    from gno.datasets import Options
    from gno.datasets import convert as make

    words = [*(set_ or ()), *([f"stride={stride}"] if stride > 1 else ())]
    options = Options.of(settings(words, example="end_time=1"))
    check_dataset(out, overwrite=overwrite, inputs=sources)
    output = Output(as_json=as_json, quiet=quiet)
    with output.progress() as tell:
        make(
            sources,
            out,
            layout=layout,
            options=options,
            number=number,
            progress=tell and as_event(tell),
            overwrite=overwrite,
        )
    print_dataset(output, out)
