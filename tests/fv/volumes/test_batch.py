"""A batch of meshes: each of them as it is alone."""

from __future__ import annotations

import pytest
import torch

from gno.errors import ConfigError, MeshError
from gno.fv.reconstruction.least_squares import least_squares
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import shapes
from tests.fv.meshes import MESHES

NAMES = ["triangles", "mixed", "perturbed"]


@pytest.mark.parametrize("kind", ["cell", "dual"])
def test_every_mesh_is_as_it_is_alone(kind: str) -> None:
    alone = [FVMesh.of(MESHES[name], kind=kind) for name in NAMES]
    both = FVMesh.batch(alone)
    g = both.geometry()
    assert both.num_inner == sum(m.num_inner for m in alone)
    assert g.outflow(g.area).abs().max() < 1e-14
    for m, volume, centroid in zip(alone, g.volume.split(both.sizes), g.centroid.split(both.sizes)):
        assert torch.equal(volume, m.geometry().volume)
        assert torch.equal(centroid, m.geometry().centroid)
    u, lonely = torch.sin(g.centroid).sum(1), least_squares(alone[0].geometry(), **_given(alone[0]))
    together = least_squares(g, **_given(both))(u, _values(both))
    assert torch.allclose(together[: both.sizes[0]], lonely(u[: both.sizes[0]], _values(alone[0])), atol=1e-13)


def _given(fv: FVMesh) -> dict[str, torch.Tensor]:
    return {"value_on": torch.arange(fv.num_inner, fv.num_faces)} if fv.kind == "cell" else {}


def _values(fv: FVMesh) -> torch.Tensor | None:
    return torch.cos(fv.geometry().center[fv.num_inner :]).sum(1) if fv.kind == "cell" else None


def test_patches_of_one_name_are_one() -> None:
    alone = [FVMesh.of(MESHES[name]) for name in NAMES]
    both = FVMesh.batch(alone)
    assert list(both.patches) == ["left", "right", "bottom", "top", "*"]
    for name, rows in both.patches.items():
        mine = torch.cat([m.geometry().center[m.patches[name]] for m in alone if name in m.patches])
        assert torch.equal(both.geometry().center[rows], mine)
    rows = torch.cat(list(both.patches.values())).sort().values
    assert rows.tolist() == list(range(both.num_inner, both.num_faces))


def test_parts_are_the_meshes_and_periodic_ones_stay_joined() -> None:
    meshes = [FVMesh.of(shapes.square(h, kind="quad"), periodic={"left": "right"}) for h in (0.25, 0.5)]
    both = FVMesh.batch(meshes)
    assert both.parts.tolist() == [0] * 16 + [1] * 4
    assert both.periodic == {"left": "right"}
    assert both.geometry().along.norm(dim=1).max() < 0.6


def test_gradients_in_the_nodes() -> None:
    both = FVMesh.batch([FVMesh.of(MESHES["mixed"]), FVMesh.of(shapes.square(0.5, kind="structured"))])
    points = both.points.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: (both.geometry(x).volume, both.geometry(x).to_owner), (points,))


def test_what_does_not_go_together_is_refused() -> None:
    cell, dual = FVMesh.of(MESHES["mixed"]), FVMesh.of(MESHES["mixed"], kind="dual")
    for meshes in ([], [cell, dual], [cell, FVMesh.of(MESHES["tets"])]):
        with pytest.raises(ConfigError, match=f"a batch of {len(meshes)} meshes of {len(meshes)} kinds"):
            FVMesh.batch(meshes)
    both = FVMesh.batch([cell, cell])
    moved = both.points.clone()
    moved[-1] = torch.nan
    with pytest.raises(MeshError, match="in mesh 1 of the batch 2 cells cannot be used: the first is cell 3"):
        both.check(moved)
