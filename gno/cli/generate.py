"""``gno generate``: datasets made by our own solvers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gno.cli.options import Debug, Json, Quiet, Set
from gno.cli.output import Output
from gno.errors import ConfigError

if TYPE_CHECKING:
    from gno.problems.problem import Family


def generate(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The problem; all are listed without it.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE.h5", help="The dataset to write.")] = None,
    number: Annotated[int | None, typer.Option("-n", "--number", metavar="N", min=1, help="Samples.")] = None,
    set_: Set = None,
    seed: Annotated[int | None, typer.Option(metavar="S", min=0, help="Seed of all random numbers; 0.")] = None,
    workers: Annotated[int, typer.Option(metavar="W", min=1, help="Processes.")] = 1,
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", help="Only the K-th of N files of these samples, from 1; see gno merge."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Make a dataset of a problem with random inputs, solved by our own solvers.

    Without -o and -n, list what NAME has to --set, or without NAME all problems. A run that was stopped goes on where
    it was when the same command is given again.
    """
    from gno.cli.dataset import as_event, check_dataset, print_dataset
    from gno.problems import generate as make

    output = Output(as_json=as_json, quiet=quiet)
    if name is None or (out is None and number is None and not set_):
        _list(output, name)
        return
    if out is None or number is None:
        raise ConfigError(
            f"{'-o' if out is None else '-n'} is missing",
            why="a dataset needs a file and a number of samples",
            fix=f"gno generate {name} -o {name}.h5 -n 100",
        )
    problem = _problem(name, set_, seed)
    check_dataset(out, overwrite=overwrite)
    with output.progress() as tell:
        told = tell and as_event(tell)
        make(problem, out, number, workers=workers, shard=_shard(shard), progress=told, overwrite=overwrite)
    print_dataset(output, out)


def _shard(text: str | None) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text or "1/1")
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"--shard {text}", why="it is K/N, with K from 1 to N", fix="--shard 1/4")
    return int(found[1]) - 1, int(found[2])


def _problem(name: str, set_: list[str] | None, seed: int | None) -> Family:
    from gno.cli.settings import settings
    from gno.problems import problem_named

    options = settings(set_, example="nodes=200")
    if seed is not None and options.get("seed", seed) != seed:
        raise ConfigError(
            f"--seed {seed} and --set seed={options['seed']}", why="they say different things", fix="give one of them"
        )
    return problem_named(name, options if seed is None else options | {"seed": seed})


def _list(output: Output, name: str | None) -> None:
    """All problems, or all options of one."""
    from gno.problems import PROBLEMS
    from gno.problems.options import options_of, summary_of
    from gno.problems.registry import kind_named

    if name is None:
        about = {name: summary_of(kind) for name, kind in PROBLEMS.items()}
        output.table(["problem", "what it is"], [[name, _plain(said)] for name, said in about.items()])
        output.text("gno generate NAME lists what can be set.")
        output.result({"problems": about})
        return
    kind = kind_named(name)
    options = [option._asdict() for option in options_of(kind)]
    output.text(_plain(summary_of(kind)))
    rows = [[option["name"], _value(option["default"]), _plain(option["meaning"])] for option in options]
    output.table(["--set", "default", "meaning"], rows)
    output.text(f"gno generate {name} -o {name}.h5 -n 100 makes 100 samples.")
    output.result({"problem": name, "options": options})


def _plain(said: str) -> str:
    return said.replace("``", "")


def _value(default: Any) -> str:
    return ",".join(map(str, default)) if isinstance(default, (tuple, list)) else str(default)
