"""The page of an evaluation in time."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gno.errors import DataError
from gno.models import Propagator
from gno.report.animation import animation
from gno.report.force_picture import force_picture
from gno.report.history import read_metrics
from gno.report.page import Page
from gno.report.run_page import environment_rows
from gno.report.time_curves import spectrum_picture, time_picture
from gno.report.triptych import panels
from gno.training.progress import Event, Progress, silent
from gno.training.rollouts import Rollout

METHODS = {
    "": "model",
    "coarse_": "plain step of the solver inside",
    "finer_": "the same, twice as fine",
    "persistence_": "first state, still",
}
ERRORS = ("relative_l2", "relative_l2_first", "relative_l2_last", "correlation_time")
HEADER = ("method", "relative L2", "after the first step", "after the last", "correlation time", "seconds per step")


def comparison_in_time(metrics: Mapping[str, Any]) -> list[list[str | float | None]]:
    """Rows of the model, of the solver that it corrects and of persistence, under ``HEADER``.

    Args:
        metrics: as ``gno.training.evaluate`` returns them for a model in time.

    Example:
        >>> comparison_in_time({"relative_l2": 0.1, "persistence_relative_l2": 0.4, "seconds": 0.01})[1]
        ['first state, still', 0.4, None, None, None, None]
    """
    return [
        [name, *(metrics.get(prefix + key) for key in (*ERRORS, "seconds"))]
        for prefix, name in METHODS.items()
        if not prefix or prefix + ERRORS[0] in metrics
    ]


def rollout_report(
    folder: Path,
    metrics: Mapping[str, Any],
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> list[Path]:
    """Draw errors against time, spectra, and the median trajectory still and moving, and write ``report.html``.

    Args:
        folder: with the files of the evaluation.
        metrics: of it.
        model: the model file.
        data: the dataset.
        device: where to predict.
        progress: told after each picture of the film.

    Returns:
        the files that were written; the page is the last.

    Raises:
        DataError: the folder has no evaluation.
        ModelError: a model file that cannot be used.
        ResourceError: a file cannot be written.
    """
    page = Page(
        f"Evaluation of {Path(model).name}",
        f"rollouts of {metrics['num_samples']} trajectories of the split {metrics['split']} of {Path(data).name}",
    )
    page.heading("Errors")
    page.table(HEADER, comparison_in_time(metrics), caption="Means over trajectories, fields and instants.")
    for line in metrics.get("warnings", ()):
        page.paragraph(line)
    written = [time_picture(folder / "in_time.csv", folder / "in_time.png")]
    page.figure(written[0], alt="Relative L2 error of the rollouts against time, on a logarithmic axis.")
    if "divergence" in metrics:
        found, true = metrics["divergence"], metrics["true_divergence"]
        page.paragraph(f"The velocity's divergence is {found:.4g} of its gradient; that of the data {true:.4g}.")
    written += _spectra(folder, page) + _force_picture(folder, int(metrics["median_sample"]), page)
    page.heading("The median trajectory")
    number = int(metrics["median_sample"])
    for picture, alt in _median(folder, number, model, data, device, progress or silent):
        if picture.suffix == ".png":
            page.figure(picture, alt=alt, caption=f"Trajectory {number} at its last instant; moving in the GIF beside.")
        written.append(picture)
    page.heading("Made with")
    about = {"model": str(model), "data": str(data)} | metrics.get("environment", {})
    page.table(["what", "value"], environment_rows(about))
    return [*written, page.save(folder / "report.html")]


def _spectra(folder: Path, page: Page) -> list[Path]:
    table = folder / "spectrum.csv"
    if not table.exists():
        return []
    page.heading("Spectra")
    written = []
    for name in (name.removeprefix("true_") for name in read_metrics(table) if name.startswith("true_")):
        try:
            picture = spectrum_picture(table, name, folder / f"spectrum_{name}.png")
        except DataError:
            continue  # a field that is 0 has no spectrum to draw
        page.figure(picture, alt=f"Energy of {name} against the wave number, true and predicted.")
        written.append(picture)
    return written


def _force_picture(folder: Path, number: int, page: Page) -> list[Path]:
    """Forces on the walls of the median trajectory."""
    table = folder / "forces.csv"
    if not table.exists():
        return []
    with open(table, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(float(row["sample"])) == number]
    times = list(dict.fromkeys(float(row["time"]) for row in rows))
    curves = {}
    for patch in dict.fromkeys(row["patch"] for row in rows):
        for kind in ("true", "predicted"):
            x, y = (np.array([float(row[f"{kind}_{a}"]) for row in rows if row["patch"] == patch]) for a in "xy")
            curves[f"{kind}, {patch}"] = (x, y)
    if len(times) < 2:
        return []
    title, picture = f"force on the walls, trajectory {number}", folder / "median_forces.png"
    page.heading("Forces")
    page.figure(
        force_picture(times, curves, picture, title=title, names=("along x", "along y")),
        alt="Force on each wall against time, true and predicted.",
    )
    return [picture]


def _median(
    folder: Path,
    number: int,
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    device: str,
    tell: Progress,
) -> list[tuple[Path, str]]:
    """The median trajectory at its last instant, a picture a field; of the first field also moving."""
    from gno.datasets import MeshDataset
    from gno.training.environment import as_device
    from gno.training.evaluation_in_time import stride_of
    from gno.training.rollouts import rollout
    from gno.training.trajectories import Trajectories

    propagator = Propagator.load(model).to(as_device(device)).eval()
    result = []
    with MeshDataset(data, indices=[number], params=propagator.params) as dataset:
        trajectories, mesh = Trajectories(dataset, propagator), dataset.window(0, 0, 1).mesh
        found = rollout(propagator, trajectories, 0, stride_of(propagator, trajectories.time(0)))
        for channel in propagator.states:
            name, units = channel.spec.name, channel.spec.units
            truth, prediction = (_values(propagator, found, name, kind) for kind in ("truth", "prediction"))
            file, title = folder / f"median_{_file_name(name)}", f"trajectory {number} at time {found.time[-1]:.4g}"
            still = panels(
                mesh, truth[-1], prediction[-1], file.with_suffix(".png"), name=name, units=units, title=title
            )
            alt = f"True and predicted {name}, and their difference, at the last instant of trajectory {number}."
            result.append((still, alt))
            if channel is propagator.states[0]:  # a film takes as long as some trajectories
                film, told = file.with_suffix(".gif"), _told(tell, name)
                animation(mesh, found.time, truth, prediction, film, name=name, units=units, progress=told)
                result.append((film, alt))
    return result


def _told(tell: Progress, name: str) -> Any:
    return lambda done, total: tell(Event(f"film of {name}", done, total, milestone=done == total))


def _values(propagator: Propagator, found: Rollout, name: str, kind: str) -> Any:
    states = getattr(found, kind).double()
    return np.stack([propagator.fields(state)[name].numpy() for state in states])


def _file_name(name: str) -> str:
    """A field's name as a part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
