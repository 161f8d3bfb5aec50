"""Meshes and clouds of points."""

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.mesh import Mesh, shapes

PRISMS = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1.0]]),
    {"wedge": np.array([[0, 1, 2, 4, 5, 6], [0, 2, 3, 4, 6, 7]])},
)


@pytest.fixture(params=["triangles", "quads", "holes", "prisms"])
def mesh(request: pytest.FixtureRequest) -> Mesh:
    """A mesh of the unit square, without and with a hole, and of the unit cube."""
    if request.param == "holes":
        return shapes.square_with_holes(0.12, [(0.5, 0.5, 0.2)], seed=1)
    if request.param == "prisms":
        return PRISMS
    return shapes.square(0.2, kind="delaunay" if request.param == "triangles" else "quad", seed=1)


def cloud(num: int, dim: int = 2, seed: int = 0) -> Tensor:
    """Random points in the unit square or cube."""
    return torch.from_numpy(np.random.default_rng(seed).random((num, dim)))
