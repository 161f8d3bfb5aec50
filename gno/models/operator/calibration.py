"""Error bands of an operator: its predictions held against the truth, and the half widths that follow at new meshes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from gno.errors import ConfigError, DataError
from gno.mesh.faces import outer_nodes
from gno.mesh.geometry import node_volume
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.models.features.boundary_distance import boundary_distance
from gno.models.operator.band import Band

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

BAND = "_band"
"""What stands behind the name of a field in that of its band."""
LEVEL = 0.9
"""Level of the bands where nothing else is asked for."""
_LEAST = 1e-3  # of the scale inside: where predictions vanish, truths have rounding errors


class Scores(NamedTuple):
    """Errors of a predicted field of one sample.

    Args:
        nodes: at each node, over the scale of the prediction.
        shares: of the nodes in the volume; they sum to 1.
        whole: L2 norm of the error over that of the prediction.
    """

    nodes: Float[np.ndarray, " nodes"]
    shares: Float[np.ndarray, " nodes"]
    whole: float


def calibrate(operator: Operator, meshes: Iterable[Mesh]) -> dict[str, Band]:
    """Give an operator its error bands, as of ``Band``: ``predict`` writes them from now on.

    The meshes must be drawn as those to come are, and not be those that it was trained on.

    Args:
        operator: a trained one.
        meshes: with inputs and targets.

    Returns:
        target to band, ``operator.bands``.

    Raises:
        DataError: no mesh, or one without a field.
        SolverError: the network gives numbers that are not finite.
    """
    found: dict[str, list[Scores]] = {channel.spec.name: [] for channel in operator.targets}
    for mesh in meshes:
        truth = {channel.spec.name: channel.values(mesh).numpy() for channel in operator.targets}
        predicted = operator.predict(mesh.without(truth)).point_data
        for name, score in scores(operator, mesh, predicted, truth).items():
            found[name].append(score)
    if not all(found.values()):
        raise DataError("no sample to calibrate the bands with", fix="give a split with samples")
    operator.bands = {
        name: Band.of([s.nodes for s in some], [s.shares for s in some], [s.whole for s in some])
        for name, some in found.items()
    }
    return operator.bands


def scores(
    operator: Operator, mesh: Mesh, found: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]
) -> dict[str, Scores]:
    """How far the fields of a prediction are from the truth, as bands measure it.

    Args:
        operator: what predicted.
        mesh: of the sample.
        found: target to predicted values at the nodes.
        truth: the same of the true ones.
    """
    part, used = used_part(mesh)
    shares = _shares(part)
    result = {}
    for channel in operator.targets:
        v, u = (_rows(fields[channel.spec.name])[used] for fields in (found, truth))
        error, size = np.linalg.norm(u - v, axis=1), scale(operator, part, v)
        whole = _over(np.sqrt([shares @ error**2]), np.array([_size(v, shares)]))
        result[channel.spec.name] = Scores(_over(error, size), shares, float(whole[0]))
    return result


def scale(
    operator: Operator, mesh: Mesh, values: Float[np.ndarray, "nodes *components"]
) -> Float[np.ndarray, " nodes"]:
    r"""What errors are measured in: the root mean square of the prediction, less where it is made to vanish.

    .. math::
        s(x) = c(x) \Big( \frac{1}{|\Omega|} \int |v|^2 \Big)^{1/2}

    Args:
        operator: what predicted; its ``factor`` is :math:`c`.
        mesh: whose nodes are all used.
        values: the prediction :math:`v`.
    """
    is_boundary = np.zeros(mesh.num_points)
    is_boundary[outer_nodes(mesh)] = 1.0
    away = torch.tensor(boundary_distance(mesh), dtype=torch.float64)
    factor = operator.factor(away, torch.from_numpy(is_boundary)).numpy()
    return _size(_rows(values), _shares(mesh)) * np.maximum(factor, _LEAST)


def check_level(operator: Operator, level: float | None) -> None:
    """Refuse a level of the bands that an operator does not know; ``None`` asks for none.

    Args:
        operator: what is to predict.
        level: of the bands.

    Raises:
        ConfigError: there is no such band.
    """
    if level is None:
        return
    if not operator.bands:
        raise ConfigError(
            f"no band of level {level:g}",
            why="the model is not calibrated",
            fix="gno calibrate MODEL FILE.h5, with samples that it was not trained on",
        )
    for band in operator.bands.values():
        band.number(level)


def half_widths(
    operator: Operator, mesh: Mesh, found: Mapping[str, np.ndarray], level: float | None
) -> dict[str, Float[np.ndarray, " nodes"]]:
    """The bands of a prediction, under the names of the fields with ``_band`` behind.

    Args:
        operator: what predicted.
        mesh: whose nodes are all used.
        found: target to predicted values at the nodes.
        level: of the bands, one that is known; ``None`` takes ``LEVEL``, where that is.
    """
    bands = {name: band for name, band in operator.bands.items() if level is not None or LEVEL in band.levels}
    at = LEVEL if level is None else level
    return {
        name + BAND: scale(operator, mesh, found[name]) * band.widths[band.number(at)] for name, band in bands.items()
    }


def _shares(mesh: Mesh) -> Float[np.ndarray, " nodes"]:
    volume = node_volume(mesh)
    return volume / volume.sum()


def _size(values: Float[np.ndarray, "nodes components"], shares: Float[np.ndarray, " nodes"]) -> float:
    return float(np.sqrt(shares @ (values**2).sum(axis=1)))


def _rows(values: np.ndarray) -> Float[np.ndarray, "nodes components"]:
    values = np.asarray(values, dtype=np.float64)
    return values.reshape(len(values), -1)


def _over(error: Float[np.ndarray, " n"], size: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The quotient; no error is none of nothing, too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, 0.0, error / size)
