"""Error bands of a model file, calibrated on a split of a dataset."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from gno.datasets import MeshDataset
from gno.errors import ConfigError, SolverError
from gno.mesh import Mesh
from gno.models import Band, Operator, calibrate, learn_novelty
from gno.models.saved import load
from gno.training.environment import as_device
from gno.training.progress import Event, Progress, silent

MOST = 1000
"""Samples that a calibration takes at most: more make the bands no better."""
SEEN = 200
"""Training samples that say what is new."""


def calibrate_file(
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    split: str = "valid",
    device: str = "cpu",
    progress: Progress | None = None,
) -> dict[str, Band]:
    """Write error bands into a model file, as of ``gno.models.Band``.

    Args:
        model: a model file.
        data: dataset.
        out: the file with the bands; without it the model file itself is replaced.
        split: of the dataset: samples drawn as those to come are, and not trained on.
        device: ``cpu``, ``cuda``, ``auto``.
        progress: told after every sample.

    Returns:
        target to band.

    Raises:
        ModelError: a model file that cannot be used.
        ConfigError: a model in time, or an empty split.
        DataError: a dataset without the fields that the model needs.
        SolverError: the network gives numbers that are not finite.
        ResourceError: the file cannot be written.
    """
    operator = load(model).to(as_device(device)).eval()
    if not isinstance(operator, Operator):
        raise ConfigError(
            f"the model of {model} predicts in time", why="bands are of steady fields", fix="give a model without time"
        )
    with MeshDataset(data, split, params=operator.params) as dataset:
        bands = calibrate(operator, samples(dataset, progress or silent))
    operator.save(model if out is None else out)
    return bands


def acquaint(operator: Operator, train: MeshDataset, valid: MeshDataset | None, tell: Progress) -> None:
    """Let a trained operator know what is new to it, and its error bands, where there are samples for them.

    Args:
        operator: trained.
        train: the training split.
        valid: the validation split, perhaps empty; nothing leaves the bands out.
        tell: told after every sample, and why there are no bands.
    """
    learn_novelty(operator, samples(train, silent, most=SEEN))
    if valid is None or not len(valid):
        return
    try:
        calibrate(operator, samples(valid, tell))
    except SolverError as error:
        tell(Event("calibration", 0, len(valid), message=f"no error bands: {error}"))


def samples(dataset: MeshDataset, tell: Progress, most: int = MOST) -> Iterator[Mesh]:
    """The meshes of some samples, evenly spread, with their fields.

    Args:
        dataset: a split.
        tell: told after every sample.
        most: of them.
    """
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(most, len(dataset))).astype(int))
    for done, i in enumerate(chosen, start=1):
        yield dataset[int(i)].mesh
        tell(Event("calibration", done, len(chosen), milestone=done == len(chosen)))
