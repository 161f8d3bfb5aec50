"""Fields: what their values may be, and what a mesh without them is told."""

from typing import Any

import numpy as np
import pytest

from gno.datasets import FieldSpec
from gno.errors import ConfigError, DataError
from gno.mesh.mesh import Mesh

TRIANGLE = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})


def values(data: np.ndarray, **options: Any) -> np.ndarray:
    return FieldSpec("u", **options).values(TRIANGLE.with_data({"u": data}))


@pytest.mark.parametrize("kind", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "i1", "u2", ">i4", "i8", "u8", "?"])
def test_numbers_of_any_kind_keep_their_value_and_single_precision_stays(kind: str) -> None:
    data = np.array([0, 1, 1], dtype=kind)
    found = values(data)
    assert found.dtype == (np.float32 if data.dtype.kind == "f" and data.dtype.itemsize <= 4 else np.float64)
    assert found.tolist() == [0, 1, 1]


@pytest.mark.parametrize("kind", ["c16", "S3", "U3", "O", "M8[s]"])
def test_what_is_not_a_real_number_is_refused_by_its_type(kind: str) -> None:
    with pytest.raises(DataError, match="'u' has type"):
        values(np.zeros(3, dtype=kind))


@pytest.mark.parametrize("big", [2**53 + 1, 2**63 - 1, -(2**53) - 1])
def test_integers_that_float64_cannot_hold_are_refused(big: int) -> None:
    with pytest.raises(DataError, match="beyond 2"):
        values(np.array([0, 1, big]))


def test_a_missing_field_is_answered_by_the_nearest_and_by_what_there_is() -> None:
    mesh = TRIANGLE.with_data({"pressure": np.ones(3)}, {"density": np.ones(1)})
    with pytest.raises(DataError, match=r"'presure' is not in the point data.*have: pressure.*mean 'pressure'"):
        FieldSpec("presure").values(mesh)
    with pytest.raises(DataError, match="cell data of the mesh; have: density"):
        FieldSpec("pressure", location="cell").values(mesh)


def test_values_that_are_not_finite_are_counted() -> None:
    with pytest.raises(DataError, match="2 of 3 values that are not finite; the first is nan at row 0"):
        values(np.array([np.nan, 1.0, np.inf]))


@pytest.mark.parametrize(
    "options",
    [{"name": ""}, {"name": "a/b"}, {"name": ".."}, {"name": "a\0"}, {"role": "output"}, {"location": "face"}],
)
def test_a_field_that_cannot_be_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        FieldSpec(**{"name": "u", **options})
    with pytest.raises(ConfigError, match="0 components"):
        FieldSpec("u", components=0)
