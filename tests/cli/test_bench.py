from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gno.bench import NAMES


def check(name: str, found: dict[str, Any], folder: Path) -> None:
    """What holds of every record, whatever was measured."""
    assert found["complete"]
    assert found["quick"]
    assert {"cpu", "cores", "threads", "gno", "commit"} <= found["hardware"].keys()
    sizes: dict[str, list[int]] = {}
    for row in found["rows"]:
        sizes.setdefault(row["name"], []).append(row["size"])
        assert row["ours"] > 0
        assert (row["theirs"] is None) == (not row["peer"]) == (row["ratio"] is None)
        if row["theirs"] is not None:
            assert row["ratio"] == pytest.approx(row["theirs"] / row["ours"])
        if row.get("theirs_wall") is not None:
            assert row["ratio_wall"] == pytest.approx(row["theirs_wall"] / row["ours_wall"])
    assert all(own == sorted(set(own)) for own in sizes.values())
    assert {curve["who"] for curve in found["growth"]} >= {"gno"}
    assert Path(found["json"]) == folder / f"{name}.json"
    assert Path(found["picture"]).read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == "kernels" else n for n in NAMES])
def test_a_benchmark_writes_its_numbers_and_a_picture(gno: Callable[..., Any], tmp_path: Path, name: str) -> None:
    answer = gno("bench", name, "-o", tmp_path, "--quick", "--threads", 1, "--device", "cpu", "--json", "--quiet")
    assert answer.code == 0, answer.err
    assert list(answer.json["benchmarks"]) == [name]
    check(name, answer.json["benchmarks"][name], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.json", f"{name}.png"]


def test_the_table_names_peers_ratios_and_growth(gno: Callable[..., Any], tmp_path: Path) -> None:
    answer = gno("bench", "hierarchy", "-o", tmp_path, "--quick")
    header = next(line for line in answer.out.splitlines() if line.split()[:1] == ["what"])
    assert header.split() == ["what", "points", "peer", "peer's", "ours", "ratio", "ratio,", "wall", "besides"]
    assert "all distances" in answer.out
    assert "farthest: gno s ~ (n log n)^" in answer.out
    assert "hierarchy, percent 100/100" in answer.err


def test_a_wrong_name_or_folder_is_refused_before_anything_runs(gno: Callable[..., Any], tmp_path: Path) -> None:
    answer = gno("bench", "kernel", "-o", tmp_path / "a")
    assert answer.code == 2
    assert "kernels" in answer.err
    (tmp_path / "file").write_text("")
    assert gno("bench", "io", "-o", tmp_path / "file").code == 6
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
