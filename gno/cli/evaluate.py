"""``gno evaluate``: a model on samples it has not seen, beside the plain solver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Device, Json, ModelFile, Quiet
from gno.cli.output import Output


def evaluate(
    model: ModelFile,
    data: Annotated[Path, typer.Argument(metavar="FILE.h5", help="The dataset.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the results.")],
    split: Annotated[str, typer.Option(metavar="SPLIT", help="Which samples: train, valid or test.")] = "test",
    strict: Annotated[bool, typer.Option("--strict", help="Refuse samples outside the training ranges.")] = False,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Measure errors and times of a model, of the plain solver, and of the solution with mean coefficients.

    DIR gets metrics.json, per_sample.csv, pictures of the best, the median and the worst sample, and report.html.
    Of a model in time: errors against time beside those of a state that stands still, spectra, and a GIF.
    """
    from gno.files import check_folder
    from gno.report import evaluation_report
    from gno.report.bands import MEASURED, measured
    from gno.report.methods import HEADER, comparison
    from gno.training import evaluate as measure

    output = Output(as_json=as_json, quiet=quiet)
    check_folder(out)
    with output.progress() as tell:
        metrics = measure(model, data, out, split=split, strict=strict, device=device, progress=tell)
        written = evaluation_report(out, model, data, device=device, progress=tell)
    for warning in metrics["warnings"]:
        output.warn(warning)
    if metrics.get("in_time"):
        from gno.report.rollout_page import HEADER as IN_TIME
        from gno.report.rollout_page import comparison_in_time

        output.table(IN_TIME, comparison_in_time(metrics))
    else:
        output.table(HEADER, comparison(metrics))
        if metrics.get("num_corrected", metrics["num_samples"]) < metrics["num_samples"]:
            left = metrics["num_samples"] - metrics["num_corrected"]
            output.warn(f"the correction of {left} of {metrics['num_samples']} samples was left out: it did harm")
        if measured(metrics):
            output.table(MEASURED, measured(metrics))
    output.text(f"report: {written[-1]}")
    output.result(metrics | {"report": written[-1], "pictures": written[:-1]})
