"""``gno calibrate``: error bands for a model file, from samples that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Device, Json, ModelFile, Quiet
from gno.cli.output import Output


def calibrate(
    model: ModelFile,
    data: Annotated[Path, typer.Argument(metavar="FILE.h5", help="The dataset.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="Model file with the bands, instead of MODEL.")
    ] = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="Samples not trained on: valid, test, train.")] = "valid",
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Write error bands into a model file: from then on gno predict writes NAME_band beside each field NAME.

    They hold for meshes and inputs drawn as those of the split; gno evaluate measures on others whether they do.
    """
    from gno.report.bands import CALIBRATED, calibrated
    from gno.training import calibrate_file

    output = Output(as_json=as_json, quiet=quiet)
    if split == "train":
        output.warn("of samples that the model was trained on, bands are too narrow")
    with output.progress() as tell:
        bands = calibrate_file(model, data, out, split=split, device=device, progress=tell)
    written = model if out is None else out
    output.table(CALIBRATED, calibrated(bands))
    output.text(f"calibrated on {next(iter(bands.values())).samples} samples; wrote {written}")
    output.result({"model": written, "bands": {name: band.to_dict() for name, band in bands.items()}})
