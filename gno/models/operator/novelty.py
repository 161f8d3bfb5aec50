"""How unlike those of the training a node is: its inputs, what stands around it, and the mesh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from gno.errors import ConfigError, DataError
from gno.mesh.geometry import node_volume
from gno.mesh.means import around_nodes, corner_mean
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.models.features.boundary_distance import boundary_distance
from gno.models.operator.band import conformal_quantile

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

NOVELTY = "novelty"
"""Field of a prediction: 1 is exceeded by one node in a hundred of the training."""
_SHARE = 0.99
_LEAST = 1e-4  # variance, of features about as large as 1: what never varied in training may vary a little
_NODES = 2000  # of a mesh that are looked at

Features = Float[np.ndarray, "nodes features"]


@dataclass(frozen=True, eq=False)
class Novelty:
    r"""Mahalanobis distance of nodes to those of the training.

    .. math::
        d(x) = \frac{1}{q} \sqrt{(f(x) - \mu)^T \Sigma^{-1} (f(x) - \mu)}

    with mean :math:`\mu` and covariance :math:`\Sigma` of the features :math:`f` over the training, each sample
    weighing the same, and :math:`q` such that one node in a hundred of the training has more than 1.

    Source: Mahalanobis 1936; Lee et al. 2018, arXiv 1807.03888, for networks; here on what goes in.

    Args:
        mean: :math:`\mu`.
        inverse: :math:`L^{-1}` with :math:`L L^T = \Sigma`, row by row.
        unit: :math:`q`.

    Raises:
        ConfigError: numbers that cannot be.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> novelty = Novelty.of(rng.normal(size=(20, 50, 3)), np.full((20, 50), 1 / 50))
        >>> bool(novelty(np.full((1, 3), 9.0))[0] > 3)
        True
    """

    mean: tuple[float, ...]
    inverse: tuple[tuple[float, ...], ...]
    unit: float

    def __post_init__(self) -> None:
        shape = (len(self.mean), len(self.mean))
        numbers = np.array([*self.mean, *(x for row in self.inverse for x in row), self.unit])
        if [len(row) for row in self.inverse] != [shape[1]] * shape[0] or not np.isfinite(numbers).all():
            raise ConfigError(f"a novelty has {len(self.mean)} means", why=f"and {len(self.inverse)} rows")

    @classmethod
    def of(cls, features: Iterable[np.ndarray], shares: Iterable[np.ndarray]) -> Novelty:
        """The distance that fits training samples.

        Args:
            features: of each sample, ``(nodes, features)``.
            shares: of each sample, of its nodes in the volume ``(nodes,)``.

        Raises:
            DataError: no sample.
        """
        rows, weights = list(features), list(shares)
        if not rows:
            raise DataError("no sample to learn from what is new")
        f, weight = np.concatenate(rows), np.concatenate(weights) / len(weights)
        mean = weight @ f
        centered = f - mean
        covariance = (weight[:, None] * centered).T @ centered + _LEAST * np.eye(f.shape[1])
        inverse = np.linalg.inv(np.linalg.cholesky(covariance))
        unit = conformal_quantile(np.linalg.norm(centered @ inverse.T, axis=1), weight, _SHARE)
        return cls(tuple(mean.tolist()), tuple(tuple(row) for row in inverse.tolist()), max(unit, _LEAST))

    def __call__(self, features: Features) -> Float[np.ndarray, " nodes"]:
        """The distance of each node.

        Args:
            features: of the nodes.
        """
        away = (features - np.array(self.mean)) @ np.array(self.inverse).T
        result: np.ndarray = np.linalg.norm(away, axis=1) / self.unit
        return result

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Novelty:
        """The inverse of ``to_dict``.

        Raises:
            ConfigError: keys or values that do not make one.
        """
        try:
            inverse = tuple(tuple(map(float, row)) for row in data["inverse"])
            return cls(tuple(map(float, data["mean"])), inverse, float(data["unit"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                "the novelty of a model cannot be read", why=f"{type(error).__name__}: {error}"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """What JSON and a model file can hold."""
        return {"mean": list(self.mean), "inverse": [list(row) for row in self.inverse], "unit": self.unit}


def learn_novelty(operator: Operator, meshes: Iterable[Mesh]) -> Novelty:
    """Let an operator know what its training was like: ``predict`` writes ``novelty`` from now on.

    Args:
        operator: any.
        meshes: of training samples, with inputs.

    Returns:
        ``operator.novelty``.

    Raises:
        DataError: no mesh, or one without an input.
    """
    rows, shares = list[np.ndarray](), list[np.ndarray]()
    for mesh in meshes:
        part, _ = used_part(mesh)
        chosen = np.unique(np.linspace(0, part.num_points - 1, min(_NODES, part.num_points)).astype(int))
        share = node_volume(part)[chosen]
        rows.append(features(operator, part)[chosen])
        shares.append(share / share.sum())
    operator.novelty = Novelty.of(rows, shares)
    return operator.novelty


def mean_novelty(operator: Operator, mesh: Mesh) -> float | None:
    """The mean of the novelty of a mesh over its volume; nothing of an operator that does not know.

    Args:
        operator: any.
        mesh: with the input fields.
    """
    if operator.novelty is None:
        return None
    part, _ = used_part(mesh)
    return float(np.average(operator.novelty(features(operator, part)), weights=node_volume(part)))


def features(operator: Operator, mesh: Mesh) -> Features:
    """What tells nodes apart: encoded inputs, their means over the cells around and over the mesh, lengths.

    The lengths are the distance to the boundary, the greatest one of the mesh, and the logarithms of the size of the
    node's cell and of the mesh, all over the scale of the operator's geometry.

    Args:
        operator: whose inputs and lengths they are.
        mesh: whose nodes are all used.
    """
    volume, scale = node_volume(mesh), operator.geometry.scale
    away = boundary_distance(mesh)[:, None] / scale
    own = [channel.encode(channel.values(mesh)).numpy() for channel in operator.inputs]
    varying = [x for channel, x in zip(operator.inputs, own) if not channel.per_sample]
    around = [around_nodes(mesh, corner_mean(mesh, x)) for x in varying]
    whole = [volume @ x / volume.sum() for x in varying]
    whole += [away.max(axis=0), np.log([volume.sum() ** (1 / mesh.dim) / scale])]
    size = np.log(volume ** (1 / mesh.dim) / scale)[:, None]
    rows = [np.broadcast_to(x, (mesh.num_points, len(x))) for x in whole]
    return np.concatenate([*own, *around, away, size, *rows], axis=1)
