"""Conditions find their patches, their values become tensors, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.errors import ConfigError
from gno.fv.boundary.assignment import by_patch, partners
from gno.fv.boundary.conditions import (
    Inlet,
    NoSlip,
    Periodic,
    PressureOutlet,
    Robin,
    Slip,
    Symmetry,
)
from gno.fv.boundary.values import scalars, vectors
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes

MESH = shapes.square(0.25, kind="quad")
FV = FVMesh.of(MESH)
TOP = FV.geometry().center[FV.patches["top"]]


def test_every_patch_gets_its_condition() -> None:
    conditions = {"left": Inlet(1.0), "right": PressureOutlet(), "top": Slip(), "*": NoSlip()}
    assert by_patch(FV.patches, conditions) == {
        "left": conditions["left"],
        "right": conditions["right"],
        "bottom": conditions["*"],
        "top": conditions["top"],
    }


@pytest.mark.parametrize(
    ("boundary", "what"),
    [
        ({"lid": NoSlip(), "*": Robin(1.0)}, "patch 'lid' is not in the mesh; it has: left, right, bottom, top"),
        ({"left": Symmetry()}, "patch 'right' has no condition"),
        ({"left": Periodic("right"), "*": Slip()}, "patch 'left' is periodic, but not joined to 'right'.*FVMesh.of"),
    ],
)
def test_patches_that_do_not_fit_are_refused(boundary: dict, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        by_patch(FV.patches, boundary)


def test_a_mesh_without_names_says_so() -> None:
    bare = FVMesh.of(Mesh(MESH.points, MESH.cells))
    assert list(by_patch(bare.patches, {"*": Slip()})) == ["*"]
    with pytest.raises(ConfigError, match="patch 'lid' is not in the mesh; its boundary has no names; give '\\*'"):
        by_patch(bare.patches, {"lid": Slip()})
    with pytest.raises(ConfigError, match="16 outer faces are in no patch"):
        by_patch(bare.patches, {})


def test_periodic_patches_are_joined_and_then_need_nothing_more() -> None:
    wall = NoSlip()
    for boundary in (
        {"left": Periodic("right"), "*": wall},
        {"left": Periodic("right"), "right": Periodic("left"), "bottom": wall, "top": wall},
    ):
        assert partners(boundary) == {"left": "right"}
        fv = FVMesh.of(MESH, periodic=partners(boundary))
        assert by_patch(fv.patches, boundary, joined=fv.periodic) == {"bottom": wall, "top": wall}
    with pytest.raises(ConfigError, match="'left' is periodic with 'right', which has another condition"):
        partners({"left": Periodic("right"), "right": wall})
    with pytest.raises(ConfigError, match="'left' is periodic with 'right', which has another condition"):
        partners({"left": Periodic("right"), "right": Periodic("top")})


def test_numbers_arrays_tensors_and_functions_agree() -> None:
    given = (
        lambda x: 2 * x[:, 0],
        lambda x: 2 * x[:, 0].numpy(),
        2 * TOP[:, 0],
        (2 * TOP[:, 0]).numpy(),
    )
    for value in given:
        assert torch.equal(scalars(value, TOP, "top"), 2 * TOP[:, 0])
    assert scalars(3, TOP, "top").tolist() == [3.0] * 4
    assert scalars(lambda x: 3.0, TOP, "top").tolist() == [3.0] * 4


def test_vectors_of_all_kinds_agree() -> None:
    inward = torch.tensor([0.0, -1.0], dtype=torch.float64).expand(4, 2)
    down = torch.tensor([[0.0, -2.0]] * 4, dtype=torch.float64)
    for value in (
        2.0,
        np.full(4, 2.0),
        np.array([0.0, -2.0]),
        (0.0, -2.0),
        down,
        lambda x: down,
        lambda x: 2.0 + 0 * x[:, 0],
    ):
        assert torch.equal(vectors(value, TOP, "inlet", along=inward), down)
    assert not vectors(0.0, TOP, "wall").any()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.zeros(3), r"the lid has values of shape \(3,\).*one number, or 4"),
        (lambda x: x, r"the lid has values of shape \(4, 2\).*one number, or 4"),
        (np.nan, "the lid has values that are not finite; the first is nan; look"),
        (torch.tensor([1.0, torch.inf, 0, 0]), "the lid has values .* not finite; the first is inf in row 1; look"),
    ],
)
def test_values_that_do_not_fit_are_refused(value, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        scalars(value, TOP, "the lid")


def test_vectors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"the wall has values of shape \(\); it needs one vector of 2, or 4 of them"):
        vectors(1.0, TOP, "the wall")
    with pytest.raises(ConfigError, match=r"shape \(3,\).*one vector of 2, or 4 of them, or speeds along the normal"):
        vectors(np.zeros(3), TOP, "the inlet", along=TOP)


def test_gradients_flow_through_values_and_functions_of_points() -> None:
    speed, points = torch.tensor(2.0, dtype=torch.float64, requires_grad=True), TOP.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: scalars(s, TOP, "top"), (speed,))
    assert torch.autograd.gradcheck(lambda s: vectors(s, TOP, "top", along=TOP), (speed,))
    assert torch.autograd.gradcheck(lambda x: scalars(lambda p: p[:, 0] ** 2, x, "top"), (points,))
