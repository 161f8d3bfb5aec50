"""The mesh as a finite-volume scheme sees it: cells, the faces between them, patches of outer faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from gno.errors import ConfigError, MeshError
from gno.fv.volumes.batch import Batch
from gno.fv.volumes.cells import Cells
from gno.fv.volumes.geometry import Geometry, Shape
from gno.fv.volumes.median_dual import MedianDual
from gno.fv.volumes.patches import patch_rows
from gno.fv.volumes.periodic import Joined
from gno.mesh import Mesh, faces

Kind = Literal["cell", "dual"]
_MESHES: WeakKeyDictionary[Mesh, dict[Any, FVMesh]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class FVMesh:
    """Finite volumes of a mesh: its cells, or the median dual about its nodes.

    Args:
        kind: ``cell`` or ``dual``.
        points: coordinates of the nodes ``(nodes, dim)``, float64.
        num_cells: number of finite volumes.
        owner: the cell ``(faces,)`` that the normal of each face points out of; faces between two cells come first.
        neighbor: the cell ``(inner,)`` on the other side of those.
        patches: name to rows among all faces; ``*`` holds outer faces of no named patch.
        periodic: names of the patches whose faces are joined.
        sizes: number of cells of each mesh of a batch.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
        >>> fv = FVMesh.of(mesh)
        >>> fv.num_cells, fv.num_inner, fv.num_faces, fv.geometry().volume.tolist()
        (2, 1, 5, [0.5, 0.5])
    """

    kind: Kind
    points: Float[Tensor, "nodes dim"]
    num_cells: int
    owner: Int[Tensor, " faces"]
    neighbor: Int[Tensor, " inner"]
    patches: Mapping[str, Int[Tensor, " _rows"]]
    periodic: Mapping[str, str]
    sizes: tuple[int, ...]
    _shape: Shape = field(repr=False)
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, mesh: Mesh, *, kind: Kind = "cell", periodic: Mapping[str, str] | None = None) -> FVMesh:
        """The finite volumes of a mesh; built once per mesh, and forgotten with it.

        Args:
            mesh: any mesh.
            kind: ``cell`` for its cells, ``dual`` for the median dual about its nodes.
            periodic: patch to the patch it is joined to, one a translation of the other; of cells alone.

        Raises:
            ConfigError: an unknown kind or patch, a face in two patches, a periodic dual.
            MeshError: no cells, cells that cannot be used, a node without cells (dual), a joined face without partner.
        """
        partners = dict(periodic or {})
        kept = _MESHES.setdefault(mesh, {})
        key = (kind, tuple(sorted(partners.items())))
        if key not in kept:
            kept[key] = _build(mesh, kind, partners)
        return kept[key]

    @classmethod
    def batch(cls, meshes: Sequence[FVMesh]) -> FVMesh:
        """Several meshes as one whose parts no face connects; patches of one name are one patch.

        Args:
            meshes: of one kind and dimension, joined alike.

        Raises:
            ConfigError: no mesh, or meshes that differ in these.

        Example:
            >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
            >>> halves, whole = {"triangle": np.array([[0, 1, 2], [0, 2, 3]])}, {"quad": np.array([[0, 1, 2, 3]])}
            >>> both = FVMesh.batch([FVMesh.of(Mesh(square, halves)), FVMesh.of(Mesh(2 * square, whole))])
            >>> both.geometry().volume.tolist(), both.sizes
            ([0.5, 0.5, 4.0], (2, 1))
        """
        kinds = {(m.kind, m.dim, tuple(m.periodic.items())) for m in meshes}
        if len(kinds) != 1:
            raise ConfigError(
                f"a batch of {len(meshes)} meshes of {len(kinds)} kinds",
                why="meshes of a batch have one kind (cell or dual), one dimension, and the same joined patches",
            )
        sizes = tuple(m.num_cells for m in meshes)
        shape = Batch(tuple(m._shape for m in meshes), tuple(len(m.points) for m in meshes), sizes)
        names = dict.fromkeys(name for m in meshes for name in m.patches)
        patches = {name: shape.numbers([m.patches.get(name, m.owner[:0]) for m in meshes]) for name in names}
        points, first = torch.cat([m.points for m in meshes]), meshes[0]
        return cls(first.kind, points, sum(sizes), shape.owner, shape.neighbor, patches, first.periodic, sizes, shape)

    @property
    def dim(self) -> int:
        """Dimension of the space: 2 or 3."""
        return self.points.shape[1]

    @property
    def num_inner(self) -> int:
        """Number of faces between two cells; they come first."""
        return len(self.neighbor)

    @property
    def num_faces(self) -> int:
        """Number of faces, inner and outer."""
        return len(self.owner)

    def geometry(self, points: Float[Tensor, "nodes dim"] | None = None) -> Geometry:
        """Volumes, centroids, areas: differentiable in the points.

        Args:
            points: other coordinates of the nodes ``(nodes, dim)``; ``check`` says whether cells can be used there.

        Raises:
            MeshError: coordinates of another shape.
        """
        if points is None:
            if "geometry" not in self._kept:
                self._kept["geometry"] = self._shape(self.points)
            return self._kept["geometry"]
        self._refuse_other_shape(points)
        return self._shape(points.to(torch.float64))

    def check(self, points: Float[Tensor, "nodes dim"]) -> None:
        """Refuse coordinates of the nodes with which cells cannot be used.

        Args:
            points: ``(nodes, dim)``.

        Raises:
            MeshError: another shape, a coordinate that is not finite, or a cell that is inverted, flat or bent.
        """
        self._refuse_other_shape(points)
        with torch.no_grad():
            self._shape.check(points)

    @property
    def parts(self) -> Int[Tensor, " cells"]:
        """Number of the connected part in which each cell lies, from 0: all are 0 where faces connect all cells."""
        if "parts" not in self._kept:
            number = connected_components(self._adjacency(), directed=False)[1]
            self._kept["parts"] = torch.from_numpy(number.astype(np.int64))
        return self._kept["parts"]

    def pairs(self, distance: int = 1) -> Int[Tensor, "2 pairs"]:
        """Cells whose values meet in a balance, themselves included: sorted rows and columns of a sparse matrix.

        Args:
            distance: 1 for cells that share a face, 2 for the neighbors of those as well.
        """
        key = ("pairs", distance)
        if key not in self._kept:
            near = sparse.csr_array(self._reach(distance))
            near.sort_indices()
            rows, cols = near.tocoo().coords
            self._kept[key] = torch.from_numpy(np.stack([rows, cols]).astype(np.int64))
        return self._kept[key]

    def coloring(self, distance: int = 1) -> Int[Tensor, " cells"]:
        """Colors of cells, such that no row of ``pairs(distance)`` holds two cells of one color; greedy.

        Args:
            distance: as of ``pairs``.
        """
        key = ("coloring", distance)
        if key not in self._kept:
            self._kept[key] = torch.from_numpy(_greedy(sparse.csr_array(self._reach(2 * distance))))
        return self._kept[key]

    def _refuse_other_shape(self, points: Tensor) -> None:
        if points.shape != self.points.shape:
            raise MeshError(f"points have shape {tuple(points.shape)}", why=f"the mesh has {tuple(self.points.shape)}")

    def _adjacency(self) -> sparse.csr_array:
        n, p, q = self.num_cells, self.owner[: self.num_inner].numpy(), self.neighbor.numpy()
        rows, cols = np.concatenate([p, q, np.arange(n)]), np.concatenate([q, p, np.arange(n)])
        return sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, cols)), shape=(n, n))

    def _reach(self, distance: int) -> sparse.csr_array:
        near = reach = self._adjacency()
        for _ in range(distance - 1):
            reach = reach @ near
        return reach


def _build(mesh: Mesh, kind: Kind, partners: dict[str, str]) -> FVMesh:
    if kind not in ("cell", "dual"):
        raise ConfigError(f"kind is {kind!r}", why="finite volumes are about a cell or a dual cell: cell, dual")
    if mesh.num_cells == 0:
        raise MeshError("the mesh has no cells", why="finite volumes balance what flows into each")
    if kind == "dual" and partners:
        raise ConfigError("a median dual cannot be periodic", fix="use the cells: kind='cell'")
    inner = faces(mesh).num_inner
    patches = {name: rows + inner for name, rows in patch_rows(mesh).items()}
    shape: Cells | Joined | MedianDual
    if kind == "dual":
        shape = MedianDual.of(mesh)
        patches = {name: shape.pieces_of(rows) for name, rows in patches.items()}
    elif partners:
        shape = Joined.of(mesh, patches, partners)
        joined = {*partners, *partners.values()}
        patches = {name: shape.number(rows) for name, rows in patches.items() if name not in joined}
    else:
        shape = Cells.of(mesh)
    tensors = {name: torch.tensor(rows) for name, rows in patches.items()}
    points, num = torch.tensor(mesh.points), mesh.num_points if kind == "dual" else mesh.num_cells
    result = FVMesh(kind, points, num, shape.owner, shape.neighbor, tensors, partners, (num,), shape)
    result._kept["geometry"] = shape.check(points)
    return result


def _greedy(near: sparse.csr_array) -> np.ndarray:
    """The lowest color that no colored cell within reach has."""
    color, start, others = np.full(near.shape[0], -1), near.indptr, near.indices
    for cell in range(near.shape[0]):
        taken = set(color[others[start[cell] : start[cell + 1]]].tolist())
        color[cell] = next(c for c in range(len(taken) + 1) if c not in taken)
    return color.astype(np.int64)
