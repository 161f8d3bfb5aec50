"""Input fields: which of several of one name is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gno.cli.fields import with_inputs
from gno.datasets import FieldSpec
from gno.mesh import Mesh, save, shapes

SQUARE = shapes.square(0.4)


def on(place: str, value: float) -> Mesh:
    """The square with a constant field ``a`` at its nodes or cells."""
    count = SQUARE.num_points if place == "point" else SQUARE.num_cells
    data = {"a": np.full(count, value)}
    return SQUARE.with_data(data, {}) if place == "point" else SQUARE.with_data({}, data)


@pytest.mark.parametrize("own", ["point", "cell"])
@pytest.mark.parametrize("other", ["point", "cell"])
def test_a_given_field_replaces_that_of_the_mesh_wherever_either_lives(own: str, other: str, tmp_path: Path) -> None:
    save(on(other, 2.0), tmp_path / "other.vtu")
    mesh, specs = on(own, 1.0), [FieldSpec("a")]
    kept = with_inputs(mesh, specs, {}, None)
    replaced = with_inputs(mesh, specs, {}, tmp_path / "other.vtu")
    constant = with_inputs(mesh, specs, {"a": 3.0}, tmp_path / "other.vtu")
    for found, value in ((kept, 1.0), (replaced, 2.0), (constant, 3.0)):
        fields = [data["a"] for data in (found.point_data, found.cell_data) if "a" in data]
        assert [set(values.tolist()) for values in fields] == [{value}]
