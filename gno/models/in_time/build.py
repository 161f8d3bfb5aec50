"""The operator inside an untrained propagator, from a dataset of trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gno.datasets.field import FieldSpec
from gno.datasets.normalizer import Normalizer
from gno.datasets.reader import MeshDataset
from gno.datasets.sample import Sample
from gno.datasets.statistics import Moments
from gno.errors import ConfigError, DataError
from gno.models.features.channel import Channel
from gno.models.in_time.propagator import STEP
from gno.models.in_time.series import series_of
from gno.models.operator.build import channels_of, geometry_of, network_of
from gno.models.operator.operator import Operator

_SEEN = 64  # training trajectories whose changes are measured


def build_in_time(
    dataset: MeshDataset, model: str, *, strides: Sequence[int], predict: str, options: Mapping[str, Any]
) -> tuple[Operator, list[Channel]]:
    """The operator and the fields of the state, as of ``Propagator.from_dataset``.

    Args:
        dataset: of trajectories.
        model: name of the network.
        strides: instants that a step may span.
        predict: ``change`` or ``state``.
        options: of ``Operator.from_dataset``.

    Raises:
        ConfigError: options that cannot be.
        DataError: no trajectories, one too short for the strides, or inputs that change in time.
    """
    own = dict(options)
    geometry, transforms, params = own.pop("geometry", None), own.pop("transforms", {}), own.pop("params", ())
    if own.pop("boundary", "free") != "free":
        raise ConfigError(
            "boundary of a model in time",
            why="it holds targets at zero, and here they are changes",
            fix='take fixed = ["*"] for values that are given on the whole boundary',
        )
    if not dataset.in_time:
        raise DataError(f"{dataset.path} has no time", why="its samples are no trajectories", fix="leave [time] out")
    moving = [spec.name for spec in dataset.fields if spec.transient and spec.role != "target"]
    if moving:
        raise DataError(f"input {moving[0]!r} changes in time", why="only the state does, here", fix="make it a target")
    still, states = channels_of(dataset, transforms or {}, params)
    lengths, changes = _measured(dataset, states, strides)
    step = Channel(FieldSpec(STEP, units="s"), _of_lengths(lengths), (min(lengths),), (max(lengths),))
    targets = [_next(channel, change, predict) for channel, change in zip(states, changes)]
    inputs = [*still, *(replace(channel, spec=replace(channel.spec, role="input")) for channel in states), step]
    seen = geometry_of(dataset, model, geometry)
    network = network_of(model, own, inputs, targets, seen)
    return Operator(network, inputs, targets, seen, attributes=dataset.attributes), states


def seen_trajectories(dataset: MeshDataset, most: int = _SEEN) -> Iterator[Sample]:
    """Training trajectories that typical sizes are measured on, evenly spread; of all, where none is to train on.

    Args:
        dataset: any split of it.
        most: how many, at most.
    """
    with MeshDataset(dataset.path, "train" if len(dataset.splits.get("train", ())) else None) as train:
        for i in np.unique(np.linspace(0, len(train) - 1, min(most, len(train))).astype(int)):
            yield train[int(i)]


def _measured(
    dataset: MeshDataset, states: Sequence[Channel], strides: Sequence[int]
) -> tuple[list[float], list[Moments]]:
    """Lengths of the steps, and mean and deviation of the changes of each field over them, in training."""
    lengths: list[float] = []
    ends = np.cumsum([channel.spec.components for channel in states])[:-1]
    moments = [Moments(channel.spec.components) for channel in states]
    for sample in seen_trajectories(dataset):
        time, series = np.asarray(sample.time), series_of(sample, states)
        for stride in (s for s in strides if s < len(time)):
            lengths += (time[stride:] - time[:-stride]).tolist()
            change = (series[stride:] - series[:-stride]).reshape(-1, series.shape[2])
            for moment, part in zip(moments, np.split(change, ends, axis=1)):
                moment.update(part)
    if not lengths:
        raise DataError(
            f"the trajectories of {dataset.path} are too short",
            why=f"a step spans {min(strides)} instants or more",
            fix="take smaller time.strides",
        )
    return lengths, moments


def _of_lengths(lengths: Sequence[float]) -> Normalizer:
    logs = np.log(lengths)
    spread = float(logs.std())
    return Normalizer((float(logs.mean()),), (spread if spread > 1e-6 else 1.0,), "log")


def _next(channel: Channel, change: Moments, predict: str) -> Channel:
    """What the operator returns for a field of the state."""
    spec = FieldSpec(f"{channel.spec.name}_next", "target", "point", channel.spec.units, channel.spec.components)
    if predict == "state":
        return replace(channel, spec=spec)
    std = np.where(change.std > 0, change.std, 1.0)
    return Channel(spec, Normalizer(tuple(map(float, change.mean)), tuple(map(float, std))), channel.low, channel.high)
