"""Digests bind every number to its name, shape, type and sample; the seal binds the rest of the file."""

import json
from pathlib import Path

import h5py
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from gno.datasets import schema
from gno.datasets.digest import digest, sample_digest

WORD = st.text("ab|, ", max_size=4)


@given(one=st.tuples(WORD, WORD, st.integers(1, 3)), two=st.tuples(WORD, WORD, st.integers(1, 3)))
@example(one=("", "|", 1), two=("|", "", 1))
def test_equal_digests_mean_equal_content(one: tuple[str, str, int], two: tuple[str, str, int]) -> None:
    first, second = (digest(label, {name: np.ones(n)}) for label, name, n in (one, two))
    assert (first == second) == (one == two)


def test_everything_but_byte_order_counts() -> None:
    values = np.arange(6.0)
    base = digest("a", {"x": values})
    assert digest("a", {"x": values.astype(">f8")}) == base
    for other in (values.astype(np.float32), values.reshape(2, 3), values + 1e-15, values[::-1]):
        assert digest("a", {"x": other}) != base


def test_a_sample_is_its_mesh_its_parameters_and_its_fields() -> None:
    u = np.arange(3.0)
    base = sample_digest("00", {"re": 1.0, "mach": 2.0}, {"u": u})
    assert sample_digest("00", {"mach": 2.0, "re": 1.0}, {"u": u.astype(np.float32)}) == base
    assert sample_digest("01", {"re": 1.0, "mach": 2.0}, {"u": u}) != base
    assert sample_digest("00", {"re": 1.5, "mach": 2.0}, {"u": u}) != base
    assert sample_digest("00", {"re": 1.0, "mach": 2.0}, {"v": u}) != base


def test_the_seal_covers_every_table_and_attribute(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        seal = json.loads(schema.seal_text(raw))
        tables = {path for path, _ in schema.datasets(raw) if not schema.is_bulk(path)} - {"gno/sha256"}
        assert seal.keys() == tables | {"attributes"}
        assert seal == json.loads(schema.read_text(raw["gno/sha256"]))
        raw["VTKHDF/PointData/u"].attrs["units"] = "km/s"
        raw["VTKHDF/Steps/Values"][0] += 1
        found = json.loads(schema.seal_text(raw))
    assert {key for key in seal if seal[key] != found[key]} == {"attributes", "VTKHDF/Steps/Values"}
