"""The page of an evaluation."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gno.errors import DataError
from gno.report.bands import MEASURED, measured
from gno.report.methods import HEADER, comparison
from gno.report.page import Page
from gno.report.run_page import environment_rows
from gno.report.spread import errors_picture
from gno.report.triptych import panels
from gno.training.progress import Progress

PLACES = ("best", "median", "worst")


def evaluation_report(
    folder: str | os.PathLike[str],
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> list[Path]:
    """Draw the best, the median and the worst sample, and write ``report.html``, of an evaluation from its files.

    Of a model in time, errors against time, spectra, and the median trajectory still and moving.

    Args:
        folder: with the ``metrics.json`` and ``per_sample.csv`` of ``gno.training.evaluate``.
        model: the model file.
        data: the dataset.
        device: where to predict: ``cpu``, ``cuda``, ``auto``.
        progress: told what is drawn, where it takes long.

    Returns:
        the files that were written; the page is the last.

    Raises:
        DataError: the folder has no evaluation.
        ModelError: a model file that cannot be used.
        ResourceError: a file cannot be written.
    """
    folder = Path(folder)
    metrics = _metrics(folder / "metrics.json")
    if metrics.get("in_time"):
        from gno.report.rollout_page import rollout_report

        return rollout_report(folder, metrics, model, data, device=device, progress=progress)
    page = Page(
        f"Evaluation of {Path(model).name}",
        f"{metrics['num_samples']} samples of the split {metrics['split']} of {Path(data).name}",
    )
    page.heading("Errors and times")
    caption = "Means over the samples, the RMSE one over all their nodes; times are from the mesh to the fields."
    page.table(HEADER, comparison(metrics), caption=caption)
    for line in metrics.get("warnings", ()):
        page.paragraph(line)
    if measured(metrics):
        page.heading("Error bands")
        page.table(MEASURED, measured(metrics), caption="What was promised, and how often it was kept.")
    written = [errors_picture(folder / "per_sample.csv", folder / "errors.png")]
    page.figure(written[0], alt="Relative L2 error of every sample on a logarithmic axis, sorted by the model's error.")
    page.heading("Samples")
    for picture, alt, caption in _samples(folder, metrics, model, data, device):
        page.figure(picture, alt=alt, caption=caption)
        written.append(picture)
    page.heading("Made with")
    about = {"model": str(model), "data": str(data)} | metrics.get("environment", {})
    page.table(["what", "value"], environment_rows(about))
    return [*written, page.save(folder / "report.html")]


def _metrics(path: Path) -> dict[str, Any]:
    try:
        metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read", why=str(error), fix="evaluate the model first") from error
    return metrics


def _samples(
    folder: Path, metrics: Mapping[str, Any], model: str | os.PathLike[str], data: str | os.PathLike[str], device: str
) -> list[tuple[Path, str, str]]:
    from gno.datasets import MeshDataset
    from gno.models import Operator
    from gno.training.environment import as_device

    operator = Operator.load(model).to(as_device(device)).eval()
    result = []
    rows = [int(metrics[f"{place}_sample"]) for place in PLACES]
    with MeshDataset(data, indices=rows, params=operator.params) as dataset:
        for place, sample in zip(PLACES, dataset):
            predicted = operator.predict(sample.mesh).point_data
            for channel in operator.targets:
                spec, truth = channel.spec, _flat(channel.values(sample.mesh).numpy())
                picture = folder / f"{place}_{_file_name(spec.name)}.png"
                title = f"{place} sample: number {sample.index}"
                panels(sample.mesh, truth, predicted[spec.name], picture, name=spec.name, units=spec.units, title=title)
                alt = f"True and predicted {spec.name}, and their difference, on the mesh of sample {sample.index}."
                number = metrics.get(f"{place}_relative_l2")
                caption = f"The {place} sample of the split" + (f", relative L2 error {number:.4f}." if number else ".")
                result.append((picture, alt, caption))
    return result


def _flat(values: np.ndarray) -> np.ndarray:
    """``(nodes,)`` of one component, as a field is stored."""
    return values[:, 0] if values.shape[1] == 1 else values


def _file_name(name: str) -> str:
    """A field's name as a part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
