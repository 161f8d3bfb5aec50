"""How a network sees the geometry of a mesh: levels at physical lengths, and features of the nodes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from gno.errors import ConfigError, DataError
from gno.graph.hierarchy import INTRA_FACTOR, Hierarchy
from gno.mesh.mesh import Mesh
from gno.models.features.boundary_distance import boundary_distance
from gno.ops.period import check_period
from gno.typing import Points

FEATURES = ("boundary_distance", "is_boundary", "coordinates", "patch_distance")
"""Geometric features of the nodes that a network may see beside the input fields."""
_FINEST = 2.0  # radius on level 0 over the edge length: two rings of neighbors
_FIRST = 1.5  # spacing of level 1 over the edge length
_RATIO = 2.0  # spacing of a level over that of the one before


@dataclass(frozen=True)
class Geometry:
    """Lengths and features, the same for every mesh.

    All lengths are physical and in the units of the mesh: on a finer mesh a node has more neighbors, not nearer ones,
    and the integrals keep their meaning.

    Args:
        dim: dimension of the meshes.
        spacing: of each coarse level, ascending.
        radius: of the edges inside each level, level 0 included.
        features: some of ``boundary_distance``, ``is_boundary``, ``coordinates`` and ``patch_distance``.
        scale: length that distances and coordinates are measured in: where none is given, ``depth``, or of meshes
            without a node off the boundary half of their extent.
        center: what coordinates are measured from.
        seed: of the choice of levels.
        period: length of the periodic box along each axis, 0 where it is not periodic; empty where nothing is.
        patches: whose nearest node ``patch_distance`` is measured to.
        depth: the greatest distance to the boundary in training, beyond which predictions are unsafe; 0 where it is not
            known, and ``scale`` stands for it.

    Raises:
        ConfigError: lengths, counts or features that cannot be.

    Example:
        >>> geometry = Geometry(dim=2, spacing=(0.3,), radius=(0.2, 0.75), scale=0.5)
        >>> geometry.num_features
        2
    """

    dim: int
    spacing: Sequence[float]
    radius: Sequence[float]
    features: Sequence[str] = ("boundary_distance", "is_boundary")
    scale: float = 1.0
    center: Sequence[float] = ()
    seed: int = 0
    period: Sequence[float] = ()
    patches: Sequence[str] = ()
    depth: float = 0.0

    def __post_init__(self) -> None:
        for name in ("spacing", "radius", "features", "center", "period", "patches"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.dim not in (2, 3):
            raise ConfigError(f"dim is {self.dim}", why="meshes are 2-D or 3-D")
        if len(self.radius) != len(self.spacing) + 1:
            raise ConfigError(
                f"{len(self.radius)} radii for {len(self.spacing)} spacings",
                why="each coarse level has a spacing, and each level, 0 included, a radius",
            )
        lengths = (*self.spacing, *self.radius, self.scale)
        if not all(math.isfinite(x) and x > 0 for x in lengths) or list(self.spacing) != sorted(self.spacing):
            raise ConfigError(
                f"spacing {self.spacing}, radius {self.radius}, scale {self.scale}",
                why="lengths are positive, and spacings ascend",
            )
        wrong = [name for name in self.features if name not in FEATURES]
        if wrong:
            raise ConfigError(f"feature {wrong[0]!r} is unknown", why=f"known: {', '.join(FEATURES)}")
        if ("patch_distance" in self.features) != bool(self.patches):
            raise ConfigError(
                f"patches are {list(self.patches)}, features {list(self.features)}",
                why="patch_distance is the distance to patches, and nothing else asks for these",
                fix='give both, as features = ["patch_distance"] and patches = ["airfoil"], or neither',
            )
        if not 0 <= self.depth < math.inf:
            raise ConfigError(f"depth is {self.depth}", why="it is a distance")
        if len(self.center) not in (0, self.dim):
            raise ConfigError(f"center is {self.center}", why=f"it has {self.dim} coordinates")
        check_period(self.period or None, self.dim)

    @classmethod
    def from_meshes(cls, meshes: Iterable[Mesh], levels: int = 4, **given: Any) -> Geometry:
        """Lengths after the typical edge length of training meshes.

        Args:
            meshes: of the training samples.
            levels: number of levels, level 0 included, where no ``spacing`` is given.
            **given: fields of ``Geometry`` that are to be taken as they are.

        Raises:
            ConfigError: an unknown field, or values that cannot be.
            DataError: no mesh.
        """
        known = [field.name for field in fields(cls)]
        wrong = [key for key in given if key not in known]
        if wrong:
            raise ConfigError(f"geometry option {wrong[0]!r} is unknown", why=f"known: levels, {', '.join(known)}")
        if not 1 <= levels <= 16:
            raise ConfigError(f"levels is {levels}", why="it must lie between 1 and 16")
        edge, depth, extent, middle = _measured(meshes)
        spacing = tuple(given.get("spacing", [_FIRST * edge * _RATIO**k for k in range(levels - 1)]))
        radius = given.get("radius", (_FINEST * edge, *(INTRA_FACTOR * s for s in spacing)))
        own = {"dim": len(middle), "spacing": spacing, "radius": radius, "center": middle}
        own |= {"scale": depth or extent / 2, "depth": depth}
        return cls(**(own | given))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Geometry:
        """The inverse of ``to_dict``.

        Raises:
            ConfigError: keys or values that do not make a geometry.
        """
        try:
            return cls(**data)
        except (TypeError, ValueError) as error:
            raise ConfigError("the geometry of a model cannot be read", why=str(error)) from error

    def to_dict(self) -> dict[str, Any]:
        """What JSON and a model file can hold."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @property
    def deepest(self) -> float:
        """The greatest distance to the boundary that counts as seen in training."""
        return self.depth or self.scale

    @property
    def num_features(self) -> int:
        """Channels of the features."""
        return sum(self.dim if name == "coordinates" else 1 for name in self.features)

    def hierarchy(self, points: Points) -> Hierarchy:
        """The levels of a mesh's nodes.

        Args:
            points: coordinates ``(nodes, dim)``.
        """
        return Hierarchy.build(
            points, spacing=self.spacing, radius=self.radius, seed=self.seed, period=self.period or None
        )


def _measured(meshes: Iterable[Mesh]) -> tuple[float, float, float, tuple[float, ...]]:
    """Median edge length, greatest distance to the boundary, longest side of the boxes, their middle."""
    edges, depths, extents, middles = [], [], [], []
    for mesh in meshes:
        edges.append(mesh.edge_length)
        depths.append(float(boundary_distance(mesh).max()))
        low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
        extents.append(float((high - low).max()))
        middles.append((low + high) / 2)
    if not edges:
        raise DataError("no training mesh to take lengths from")
    middle: Sequence[float] = np.mean(middles, axis=0).tolist()
    return float(np.median(edges)), max(depths), max(extents), tuple(middle)
