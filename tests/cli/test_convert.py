from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from gno.datasets import MeshDataset

Gno = Callable[..., Any]


@pytest.fixture
def darcy(tmp_path: Path) -> Path:
    a = np.random.default_rng(0).random((4, 9, 9))
    savemat(tmp_path / "darcy_test.mat", {"coeff": a, "sol": 2 * a})
    return tmp_path / "darcy_test.mat"


def test_convert_says_what_it_made(gno: Gno, darcy: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.h5"
    words = ("--stride", 2, "-n", 3, "--set", "extent=0,2,0,2", "--json")
    answer = gno("convert", darcy, "-o", out, *words)
    assert answer.code == 0
    assert "samples 3/3" in answer.err
    assert (answer.json["samples"], answer.json["splits"], answer.json["nodes"]) == (3, {"test": 3}, [25, 25])
    assert [(f["name"], f["role"]) for f in answer.json["fields"]] == [("coeff", "input"), ("sol", "target")]
    with MeshDataset(out) as dataset:
        assert dataset.attributes["source"] == "darcy_test.mat"
        assert dataset[0].mesh.points.max() == 2
    again = gno("convert", darcy, "-o", out, "--quiet")
    assert again.code == 2
    assert "--overwrite" in again.error[2]
    assert gno("convert", darcy, "-o", out, "--overwrite", "--quiet").code == 0
    assert "Dataset OK." in gno("check", out).out


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--layout", "pdebench"), 2, "layout 'pdebench' is unknown"),
        (("--layout", "the-well"), 3, "is not of the layout"),
        (("--set", "inputs=sl"), 2, "no field 'sl'"),
        (("--set", "strid=2"), 2, "no option 'strid'"),
        (("--set", "stride=2", "--stride", 2), 2, "twice"),
        (("--stride", 10), 3, "axis 0 of the grid has 1 coordinates"),
        (("-n", 0), 2, "-n"),
    ],
)
def test_convert_refuses(gno: Gno, darcy: Path, tmp_path: Path, words: tuple[Any, ...], code: int, what: str) -> None:
    answer = gno("convert", darcy, "-o", tmp_path / "d.h5", *words)
    assert answer.code == code
    assert what in answer.error[0]
    assert [p.name for p in tmp_path.iterdir()] == ["darcy_test.mat"]


def test_convert_does_not_write_over_its_source(gno: Gno, darcy: Path) -> None:
    answer = gno("convert", darcy, "-o", darcy, "--overwrite")
    assert (answer.code, "is an input" in answer.error[0]) == (2, True)


def test_a_dataset_of_ours_needs_no_converting(gno: Gno, darcy: Path, tmp_path: Path) -> None:
    gno("convert", darcy, "-o", tmp_path / "d.h5", "--quiet")
    answer = gno("convert", tmp_path / "d.h5", "-o", tmp_path / "e.h5")
    assert (answer.code, "a dataset of gno already" in answer.error[0]) == (3, True)
