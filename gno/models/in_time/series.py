"""The fields of a trajectory as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gno.datasets.sample import Sample
from gno.models.features.channel import Channel
from gno.models.features.nodal import nodal


def series_of(sample: Sample, channels: Sequence[Channel]) -> np.ndarray:
    """Fields of a trajectory at the nodes, ``(instants, nodes, channels)``, in double precision.

    Args:
        sample: the trajectory, or a window of it.
        channels: its transient fields.

    Raises:
        DataError: one is missing, or has values that cannot be.
    """
    parts = []
    for channel in channels:
        spec = channel.spec
        if spec.name in sample.point_series:
            values = np.asarray(sample.point_series[spec.name], dtype=np.float64)
            parts.append(values.reshape(*values.shape[:2], spec.components))
        else:
            parts.append(np.stack([nodal(sample.at(k), spec) for k in range(sample.num_instants)]))
    return np.concatenate(parts, axis=2)
