"""``gno train``: from a recipe and a dataset to a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.exits import is_first_process
from gno.cli.options import Debug, Device, Json, Quiet, Set
from gno.cli.output import Output


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="The choices of the run.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="Folder of the run, new or empty.")],
    data: Annotated[Path | None, typer.Option(metavar="FILE.h5", help="Dataset instead of the recipe's.")] = None,
    set_: Set = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in RUN; begin where there is none.")
    ] = False,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Train a model: RUN gets model.safetensors, metrics.csv, curves.png and report.html.

    Values of the recipe are set by dotted names: --set optimization.epochs=3. Ctrl-C saves a checkpoint.
    Several processes share each batch: torchrun --nproc-per-node 2 -m gno train RECIPE.toml -o RUN.
    """
    from gno.files import check_folder
    from gno.report import training_report
    from gno.training import Recipe
    from gno.training import train as run_recipe

    output = Output(as_json=as_json, quiet=quiet or not is_first_process())
    choices = Recipe.load(recipe, set_ or ())
    check_folder(out)
    with output.progress() as tell:
        run = run_recipe(choices, data, out, resume=resume, device=device, progress=tell)
    if not is_first_process():
        return
    page = training_report(out)
    best = next((row for row in run.history if row.get("epoch") == run.best_epoch), run.history[-1])
    output.table(["best epoch", "value"], [[name.replace("_", " "), float(v)] for name, v in best.items()])
    output.text(f"model:  {run.model}\nreport: {page}")
    files = {"model": run.model, "metrics": run.metrics, "report": page, "curves": out / "curves.png"}
    output.result(
        {"folder": run.folder, **files, "best_epoch": run.best_epoch, "epochs": len(run.history), "best": best}
    )
