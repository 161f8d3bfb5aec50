"""How good a mesh is, by the checks, names and thresholds of OpenFOAM's checkMesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gno.mesh.distortion import aspect_ratio, non_orthogonality, num_misoriented, skewness
from gno.mesh.faces import Faces, faces, patch_faces
from gno.mesh.geometry import cell_volume, face_area
from gno.mesh.mesh import Mesh

MAX_ASPECT_RATIO = 1000.0
MAX_OPENNESS = 1e-6
MAX_SKEWNESS = 4.0
SEVERE_NON_ORTHOGONALITY = 70.0
"""Degrees; above, a solver needs non-orthogonal correction with limiting. At 90 the mesh is broken."""
SAME_PLACE = 1e-10
"""Two nodes nearer than this times the extent of the mesh stand in one place."""
_TINY = 1e-150


@dataclass(frozen=True)
class Quality:
    """What ``quality`` found; its text is a report in the manner of checkMesh.

    Args:
        dim: dimension of the mesh.
        num_points: number of nodes.
        cells: number of cells by type.
        num_faces: number of faces, inner and outer.
        num_inner_faces: number of faces between two cells.
        patches: number of facets by patch.
        num_regions: number of parts that no face connects.
        lower: smallest coordinates, in the units of the mesh.
        upper: largest coordinates.
        openness: norm of the sum of the outer area vectors over the sum of their norms; 0 for a closed boundary.
        max_aspect_ratio: largest ratio of a cell's projected areas.
        min_face_area: smallest area (length in 2-D) of a face.
        max_face_area: largest area of a face.
        min_volume: smallest volume (area in 2-D) of a cell; negative for an inverted cell.
        max_volume: largest volume of a cell.
        total_volume: volume of the mesh.
        max_non_orthogonality: largest angle, in degrees, between a face's normal and the line between its cells.
        mean_non_orthogonality: mean of that angle.
        max_skewness: largest distance of a face's center from the line between its cells, over the face's size.
        num_unused_points: nodes that no cell uses.
        num_duplicate_points: nodes that stand where another node stands.
        problems: one line for each failed check.
        notes: one line for each thing worth knowing.
    """

    dim: int
    num_points: int
    cells: Mapping[str, int]
    num_faces: int
    num_inner_faces: int
    patches: Mapping[str, int]
    num_regions: int
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    openness: float
    max_aspect_ratio: float
    min_face_area: float
    max_face_area: float
    min_volume: float
    max_volume: float
    total_volume: float
    max_non_orthogonality: float
    mean_non_orthogonality: float
    max_skewness: float
    num_unused_points: int
    num_duplicate_points: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """All numbers, problems and notes as plain values, for JSON."""
        return asdict(self) | {"ok": self.ok, "cells": dict(self.cells), "patches": dict(self.patches)}

    def __str__(self) -> str:
        count = len(self.problems)
        end = "Mesh OK." if self.ok else f"Failed {count} mesh check{'s' if count > 1 else ''}."
        return "\n".join([*self._counts(), "", *self._geometry(), *self._findings(), "", end])

    def _counts(self) -> list[str]:
        cells = [f"    {kind}: {count}" for kind, count in self.cells.items()]
        patches = [f"    {name}: {count}" for name, count in self.patches.items()]
        return [
            "Mesh stats",
            f"    dimension: {self.dim}",
            f"    points: {self.num_points}",
            f"    faces: {self.num_faces}",
            f"    internal faces: {self.num_inner_faces}",
            f"    cells: {sum(self.cells.values())}",
            f"    boundary patches: {len(self.patches)}",
            f"    regions: {self.num_regions}",
            "Number of cells of each type:",
            *(cells or ["    none"]),
            "Number of faces of each patch:",
            *(patches or ["    no patches"]),
        ]

    def _geometry(self) -> list[str]:
        box = " ".join("(" + " ".join(f"{x:g}" for x in corner) + ")" for corner in (self.lower, self.upper))
        size = ("length", "area") if self.dim == 2 else ("area", "volume")
        angle = f"max: {self.max_non_orthogonality:.4g} average: {self.mean_non_orthogonality:.4g}"
        return [
            "Checking geometry...",
            f"    Overall domain bounding box {box}",
            f"    Boundary openness {self.openness:.3g} (threshold {MAX_OPENNESS:g})",
            f"    Max aspect ratio = {self.max_aspect_ratio:.4g} (threshold {MAX_ASPECT_RATIO:g})",
            f"    Minimum face {size[0]} = {self.min_face_area:.4g}. "
            f"Maximum face {size[0]} = {self.max_face_area:.4g}.",
            f"    Min {size[1]} = {self.min_volume:.4g}. Max {size[1]} = {self.max_volume:.4g}. "
            f"Total {size[1]} = {self.total_volume:.6g}.",
            f"    Mesh non-orthogonality {angle} (threshold {SEVERE_NON_ORTHOGONALITY:g})",
            f"    Max skewness = {self.max_skewness:.4g} (threshold {MAX_SKEWNESS:g})",
        ]

    def _findings(self) -> list[str]:
        return [*(f"  * {line}" for line in self.notes), *(f"*** {line}" for line in self.problems)]


def quality(mesh: Mesh) -> Quality:
    """Check a mesh as OpenFOAM's checkMesh does.

    Source: OpenFOAM, ``primitiveMeshCheck`` and ``primitiveMeshTools``.

    Args:
        mesh: any mesh.

    Raises:
        MeshError: a face of three cells, or a boundary facet that is no outer face.

    Example:
        >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> found = quality(Mesh(square, {"quad": np.array([[0, 1, 2, 3]])}))
        >>> found.ok, found.max_aspect_ratio, str(found).splitlines()[-1]
        (True, 1.0, 'Mesh OK.')
    """
    all_faces, area = faces(mesh), face_area(mesh)
    volume, size = cell_volume(mesh), np.linalg.norm(area, axis=1)
    outer = area[all_faces.neighbor < 0]
    angle = non_orthogonality(mesh)
    numbers: dict[str, Any] = {
        "dim": mesh.dim,
        "num_points": mesh.num_points,
        "cells": {kind: len(nodes) for kind, nodes in mesh.cells.items()},
        "num_faces": len(all_faces),
        "num_inner_faces": all_faces.num_inner,
        "patches": {name: len(facets) for name, facets in mesh.boundary.items()},
        "num_regions": _num_regions(mesh.num_cells, all_faces),
        "lower": tuple(mesh.points.min(axis=0, initial=np.inf).tolist()),
        "upper": tuple(mesh.points.max(axis=0, initial=-np.inf).tolist()),
        "openness": float(np.linalg.norm(outer.sum(axis=0)) / (np.linalg.norm(outer, axis=1).sum() + _TINY)),
        "max_aspect_ratio": float(aspect_ratio(mesh).max(initial=0.0)),
        "min_face_area": float(size.min(initial=np.inf)),
        "max_face_area": float(size.max(initial=0.0)),
        "min_volume": float(volume.min(initial=np.inf)),
        "max_volume": float(volume.max(initial=-np.inf)),
        "total_volume": float(volume.sum()),
        "max_non_orthogonality": float(angle.max(initial=0.0)),
        "mean_non_orthogonality": float(angle.mean()) if len(angle) else 0.0,
        "max_skewness": float(skewness(mesh).max(initial=0.0)),
        "num_unused_points": mesh.num_points - len(np.unique(np.concatenate([np.zeros(0, int), *_corners(mesh)]))),
        "num_duplicate_points": _num_duplicates(mesh.points),
    }
    found = Quality(**numbers)
    return Quality(**numbers, problems=_problems(mesh, found, volume, angle), notes=_notes(mesh, found, angle))


def _problems(mesh: Mesh, found: Quality, volume: np.ndarray, angle: np.ndarray) -> tuple[str, ...]:
    size = ("length", "area") if mesh.dim == 2 else ("area", "volume")
    checks = [
        (not len(volume), "The mesh has no cells."),
        (found.openness > MAX_OPENNESS, f"Boundary openness {found.openness:.3g}: the boundary is not closed."),
        (
            found.max_aspect_ratio > MAX_ASPECT_RATIO,
            f"High aspect ratio cells found, Max = {found.max_aspect_ratio:.4g}.",
        ),
        (found.min_face_area <= 0, f"Zero face {size[0]} detected."),
        (
            bool((volume <= 0).any()),
            f"Zero or negative cell {size[1]} detected, minimum {found.min_volume:.4g}, "
            f"number of cells: {int((volume <= 0).sum())}, first: {_first(volume <= 0)}.",
        ),
        (
            bool((angle >= 90).any()),
            f"Number of non-orthogonality errors (>= 90 degrees): {int((angle >= 90).sum())}.",
        ),
        (wrong := num_misoriented(mesh), f"Error in face pyramids: {wrong} faces are incorrectly oriented."),
        (found.max_skewness > MAX_SKEWNESS, f"Max skewness = {found.max_skewness:.4g}: highly skew faces detected."),
    ]
    return tuple(text for failed, text in checks if failed)


def _notes(mesh: Mesh, found: Quality, angle: np.ndarray) -> tuple[str, ...]:
    severe = int((angle > SEVERE_NON_ORTHOGONALITY).sum())
    outer, named = found.num_faces - found.num_inner_faces, [np.zeros(0, int), *patch_faces(mesh).values()]
    bare = outer - len(np.unique(np.concatenate(named)))
    notes = [
        (severe, f"Number of severely non-orthogonal (> {SEVERE_NON_ORTHOGONALITY:g} degrees) faces: {severe}."),
        (found.num_regions > 1, f"The mesh has {found.num_regions} regions which are not connected by any face."),
        (
            found.num_unused_points,
            f"Unused points found in the mesh, number unused by cells: {found.num_unused_points}.",
        ),
        (found.num_duplicate_points, f"Duplicate points found in the mesh: {found.num_duplicate_points}."),
        (mesh.boundary and bare, f"{bare} of {outer} boundary faces belong to no patch."),
    ]
    return tuple(text for there, text in notes if there)


def _first(bad: np.ndarray) -> str:
    return ", ".join(map(str, np.flatnonzero(bad)[:5]))


def _corners(mesh: Mesh) -> list[np.ndarray]:
    return [nodes.ravel() for nodes in mesh.cells.values()]


def _num_regions(num_cells: int, all_faces: Faces) -> int:
    i, j = all_faces.owner[: all_faces.num_inner], all_faces.neighbor[: all_faces.num_inner]
    graph = coo_array((np.ones(len(i), dtype=np.int8), (i, j)), shape=(num_cells, num_cells))
    return int(connected_components(graph, directed=False)[0]) if num_cells else 0


def _num_duplicates(points: np.ndarray) -> int:
    """Number of nodes that a lower-numbered node stands at."""
    if len(points) < 2:
        return 0
    radius = SAME_PLACE * float(np.ptp(points, axis=0).max())
    distance = np.asarray(cKDTree(points).query(points, k=2)[0])
    close = np.flatnonzero(distance[:, 1] <= radius)
    if not len(close):
        return 0
    pairs = cKDTree(points[close]).sparse_distance_matrix(cKDTree(points[close]), radius, output_type="coo_matrix")
    graph = coo_array((np.ones(pairs.nnz), (pairs.row, pairs.col)), shape=(len(close), len(close)))
    return len(close) - int(connected_components(graph)[0])
