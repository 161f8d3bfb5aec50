"""The commands of ``gno``; each imports what it needs when it runs, so that help comes at once."""

from __future__ import annotations

from typing import Annotated

import typer

from gno.cli.bench import bench
from gno.cli.calibrate import calibrate
from gno.cli.check import check
from gno.cli.convert import convert
from gno.cli.evaluate import evaluate
from gno.cli.exits import GuardedGroup
from gno.cli.export import export
from gno.cli.generate import generate
from gno.cli.info import info
from gno.cli.merge import merge
from gno.cli.predict import predict
from gno.cli.repair import repair
from gno.cli.solve import solve
from gno.cli.train import train
from gno.cli.verify import verify

HELP = (
    "Graph neural operators for PDEs on meshes, with a finite-volume solver in the loop.\n\n"
    "Results go to standard output, progress and warnings to standard error.\n\n"
    "Exit codes: 0 done; 1 a fault of gno; 2 usage or configuration; 3 bad mesh or data; 4 bad model file; "
    "5 numerical failure; 6 out of disk or memory; 130 and 143 stopped."
)

app = typer.Typer(
    name="gno",
    cls=GuardedGroup,
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_DATA = (generate, convert, merge, check, repair)
for command in (*_DATA, train, calibrate, evaluate, predict, verify, export, bench, info):
    app.command()(command)
app.add_typer(solve)


def _version(wanted: bool) -> bool:
    if wanted:
        from gno import __version__

        typer.echo(f"gno {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass
