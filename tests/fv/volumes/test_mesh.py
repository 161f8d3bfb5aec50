"""The mesh of finite volumes: kept with its mesh, its patterns and colors, and what it refuses."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch

from gno.errors import ConfigError, MeshError
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, patch_faces, shapes
from tests.fv.meshes import MESHES

SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def test_it_is_built_once_and_goes_with_its_mesh() -> None:
    mesh = Mesh(SQUARE, {"triangle": HALVES})
    assert FVMesh.of(mesh) is FVMesh.of(mesh)
    assert FVMesh.of(mesh) is not FVMesh.of(mesh, kind="dual")
    assert FVMesh.of(mesh).geometry() is FVMesh.of(mesh).geometry()
    assert FVMesh.of(mesh).pairs(2) is FVMesh.of(mesh).pairs(2)
    gone = weakref.ref(mesh)
    del mesh
    gc.collect()
    assert gone() is None


def test_the_points_are_its_own() -> None:
    mesh = Mesh(SQUARE.copy(), {"triangle": HALVES})
    FVMesh.of(mesh).points.add_(1.0)
    assert mesh.points.min() == 0.0


@pytest.mark.parametrize("name", MESHES)
def test_patches_hold_the_outer_faces_each_once(name: str) -> None:
    fv = FVMesh.of(MESHES[name])
    rows = torch.cat(list(fv.patches.values()))
    assert rows.sort().values.tolist() == list(range(fv.num_inner, fv.num_faces))
    for patch, numbers in patch_faces(MESHES[name]).items():
        assert fv.patches[patch].tolist() == numbers.tolist()


@pytest.mark.parametrize("kind", ["cell", "dual"])
@pytest.mark.parametrize("distance", [1, 2])
def test_pairs_and_colors_of_any_distance(kind: str, distance: int) -> None:
    fv = FVMesh.of(MESHES["perturbed"], kind=kind)
    near = torch.eye(fv.num_cells)
    near[fv.owner[: fv.num_inner], fv.neighbor] = near[fv.neighbor, fv.owner[: fv.num_inner]] = 1
    reach = torch.linalg.matrix_power(near, distance) > 0
    assert fv.pairs(distance).T.tolist() == reach.nonzero().tolist()
    color = fv.coloring(distance)
    in_row = torch.zeros(fv.num_cells, int(color.max()) + 1).index_add(1, color, reach.float())
    assert in_row.max() == 1
    assert len(color.unique()) == color.max() + 1 <= 4 * reach.sum(1).max()


def test_parts_that_no_face_connects_are_told_apart() -> None:
    apart = Mesh(np.concatenate([SQUARE, SQUARE + 5]), {"triangle": np.concatenate([HALVES, HALVES + 4])})
    assert FVMesh.of(apart).parts.tolist() == [0, 0, 1, 1]
    assert not FVMesh.of(MESHES["tets"]).parts.any()


@pytest.mark.parametrize("kind", ["cell", "dual"])
@pytest.mark.parametrize(
    ("points", "cells", "what"),
    [
        (SQUARE, {}, "the mesh has no cells"),
        (SQUARE, {"triangle": HALVES[:, [0, 2, 1]]}, r"2 cells.*first is cell 0; it is inverted: its volume is -0.5"),
        (SQUARE * [1, 0], {"triangle": HALVES}, "first is cell 0; it is flat"),
        (
            np.append(SQUARE, [[1, 2]], axis=0),
            {"triangle": np.array([[0, 1, 2], [1, 4, 2]])},
            "1 cells.*first is cell 1; it is flat",
        ),
    ],
)
def test_cells_that_cannot_be_used_are_named(points: np.ndarray, cells: dict, what: str, kind: str) -> None:
    with pytest.raises(MeshError, match=what):
        FVMesh.of(Mesh(points, cells), kind=kind)


def test_a_bent_cell_is_named() -> None:
    arrow = np.array([[0.0, 0], [1, 0.9], [2, 0], [1, 1]])
    with pytest.raises(MeshError, match="first is cell 0; it is flat, or so bent that its centroid lies outside"):
        FVMesh.of(Mesh(arrow, {"quad": np.array([[0, 1, 2, 3]])}))


def test_moved_nodes_are_checked_on_demand() -> None:
    fv = FVMesh.of(Mesh(SQUARE, {"triangle": HALVES}))
    moved = fv.points.clone()
    moved[3] = torch.tensor([2.0, 0.0])
    with pytest.raises(MeshError, match="1 cells cannot be used: the first is cell 1; it is inverted"):
        fv.check(moved)
    moved[3, 0] = torch.nan
    with pytest.raises(MeshError, match="the first is cell 1; a coordinate of its corners is not finite"):
        fv.check(moved)
    with pytest.raises(MeshError, match=r"points have shape \(3, 2\); the mesh has \(4, 2\)"):
        fv.geometry(moved[:3])
    fv.check(fv.points + 3)


def test_a_node_without_cells_has_no_dual_cell() -> None:
    mesh = Mesh(np.concatenate([SQUARE, [[9.0, 9.0]]]), {"triangle": HALVES})
    with pytest.raises(MeshError, match="node 4 has volume 0; no cell uses the node"):
        FVMesh.of(mesh, kind="dual")
    assert FVMesh.of(mesh).num_cells == 2


def test_what_it_cannot_be_is_refused() -> None:
    mesh = shapes.square(0.5, kind="quad")
    with pytest.raises(ConfigError, match="a median dual cannot be periodic"):
        FVMesh.of(mesh, kind="dual", periodic={"left": "right"})
    twice = Mesh(mesh.points, mesh.cells, {"a": mesh.boundary["top"], "b": mesh.boundary["top"][:1]})
    with pytest.raises(ConfigError, match="in 2 patches: a, b"):
        FVMesh.of(twice)
