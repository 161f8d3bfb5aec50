"""``gno bench accuracy``: every kind of row, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


def test_a_contest_measures_networks_ridge_and_solver_once(gno: Callable[..., Any], tmp_path: Path) -> None:
    words = ["bench", "accuracy", "-o", tmp_path, "--quick", "--seconds", 0.3, "--threads", 1, "--quiet"]
    peers = [word for peer in ("transolver", "kernel ridge") for word in ("--peer", peer)]
    found = gno(*words, *peers, "--json")
    assert found.code == 0, found.err
    entries = {entry["peer"]: entry for entry in found.json["summary"]}
    assert list(entries) == ["transolver", "kernel ridge"]
    for entry in entries.values():
        assert all(0 < entry[name] < 2 for name in ("error", "finer", "coarser", "re-meshed"))
        assert entry["parameters"] > 0
    errors = [row["error"] for row in found.json["solver"]]
    assert errors == sorted(errors, reverse=True)  # the finer the mesh, the better
    assert all(row["residual"] is not None for row in found.json["solver"])
    kept = tmp_path / "rows" / "transolver-0.json"
    row = json.loads(kept.read_text())
    row["on"]["same"]["error"] = 0.125
    kept.write_text(json.dumps(row))
    again = gno(*words, *peers)
    assert "0.125" in again.out  # what is there is not computed again
    other = gno(*words, "--peer", "gcn", "--seconds", 9)
    assert other.code == 2
    assert "holds another contest" in other.err


def test_a_contest_of_a_map_in_time_has_its_solver_beside_it(gno: Callable[..., Any], tmp_path: Path) -> None:
    words = ["bench", "accuracy", "--case", "burgers", "-o", tmp_path, "--quick", "--seconds", 0.3, "--threads", 1]
    peers = [word for peer in ("mgkn", "kernel ridge") for word in ("--peer", peer)]
    found = gno(*words, *peers, "--json", "--quiet")
    assert found.code == 0, found.err
    for entry in found.json["summary"]:
        assert all(0 < entry[name] < 2 for name in ("error", "finer", "coarser"))
        assert (entry["re-meshed"], entry["residual"]) == (None, None)
    errors = [row["error"] for row in found.json["solver"]]
    assert 0 < errors[-1] <= errors[0] < 0.1  # few points suffice


@pytest.mark.parametrize(
    ("case", "peers", "conserved"),
    [
        pytest.param("airfoil", ("gcn", "cfdgcn"), "residual", marks=pytest.mark.long),
        ("ns-torus", ("gcn", "persistence"), "divergence"),
        pytest.param("cylinder", ("gcn", "persistence"), "divergence", marks=pytest.mark.long),
    ],
)
def test_a_contest_of_flows_has_errors_on_all_meshes_and_what_is_conserved(
    gno: Callable[..., Any], tmp_path: Path, case: str, peers: Sequence[str], conserved: str
) -> None:
    words = ["bench", "accuracy", "--case", case, "-o", tmp_path, "--quick", "--seconds", 0.3, "--threads", 1]
    found = gno(*words, *(word for peer in peers for word in ("--peer", peer)), "--json", "--quiet")
    assert found.code == 0, found.err
    entries = {entry["peer"]: entry for entry in found.json["summary"]}
    assert tuple(entries) == peers
    for entry in entries.values():
        assert all(entry[name] > 0 for name in ("error", "finer", "coarser", "re-meshed", conserved))
    errors = [row["error"] for row in found.json["solver"]]
    assert errors == sorted(errors, reverse=True)  # the finer, the better
    if case != "airfoil":
        still = entries["persistence"]
        assert errors[-1] < 0.5 * still["error"]
        assert still["last"] > still["error"]  # what stands still is left behind
        assert still["finer"] == pytest.approx(still["error"], rel=0.2)  # the same problems
