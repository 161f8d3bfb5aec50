"""Instants of trajectories: checked when they are given, and laid end to end for who shows the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from gno.datasets.field import FieldSpec
from gno.datasets.naming import suggestion
from gno.errors import DataError
from gno.mesh.mesh import Mesh

Instants = Float[np.ndarray, "instants"]
"""Times, strictly ascending."""


def checked_instants(time: np.ndarray | Sequence[float]) -> Instants:
    """The instants of a trajectory as float64.

    Args:
        time: finite numbers that rise.

    Raises:
        DataError: none of them, or numbers that are not finite or do not rise.

    Example:
        >>> checked_instants([0.0, 0.5])
        array([0. , 0.5])
    """
    given = np.asarray(time)
    if given.ndim != 1 or not len(given) or given.dtype.kind not in "iuf":
        raise DataError(f"time has shape {given.shape} of {given.dtype}", why="a trajectory has a vector of instants")
    values = given.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values) | ~(np.diff(values, prepend=-np.inf) > 0))
    if len(bad):
        raise DataError(
            f"instant {bad[0]} is {values[bad[0]]:.6g}", why="instants are finite and rise", fix="sort them by time"
        )
    return values


def checked_series(
    fields: Sequence[FieldSpec], mesh: Mesh, time: Instants, given: Mapping[str, Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Values of the transient fields at each instant, checked.

    Args:
        fields: the fields of the dataset.
        mesh: the mesh that they are on.
        time: the instants.
        given: location to name to values.

    Raises:
        DataError: a field is missing, of the wrong shape or type, or not finite.
    """
    found = {}
    for spec in (spec for spec in fields if spec.transient):
        there = given[spec.location]
        if spec.name not in there:
            raise DataError(
                f"field {spec.name!r} is not in the {spec.location} series of the trajectory",
                why=f"have: {', '.join(there) or 'none'}",
                fix=suggestion(spec.name, there) or "give its values at each instant",
            )
        found[spec.name] = spec.series(there[spec.name], mesh, len(time))
    return found


def end_to_end(time: Instants, starts: Int[np.ndarray, "starts"]) -> Instants:
    """Values of a time slider that goes through all trajectories, one after another; those of the first are its times.

    Args:
        time: the instants of all trajectories.
        starts: first instant of each trajectory, and the end.

    Example:
        >>> end_to_end(np.array([0.0, 0.5, 1.0, 0.0, 0.25]), np.array([0, 3, 5]))
        array([0.  , 0.5 , 1.  , 1.5 , 1.75])
    """
    values, begin = np.array(time, dtype=np.float64), float(time[0])
    for first, end in zip(starts[:-1].tolist(), starts[1:].tolist()):
        values[first:end] += begin - values[first]
        gap = values[end - 1] - values[end - 2] if end - first > 1 else 1.0
        begin = float(values[end - 1] + gap)
    return values
