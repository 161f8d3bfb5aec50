"""The table: means over the seeds, and the solver beside each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

HEADER = (
    "peer", "error", "±", "seeds", "parameters", "training s", "prediction ms", "finer", "coarser", "re-meshed",
    "residual", "solver in that time", "solver with that error, ms",
)  # fmt: skip
"""Columns of ``table``."""
_MESHES = ("finer", "coarser", "re-meshed")


def summary(rows: Sequence[Mapping[str, Any]], solver: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry a peer, in the order in which they come, with the solver beside.

    ``spread`` is the standard deviation over the seeds. ``solver_error`` is the least error of the solver on meshes
    that take it no longer than the peer, ``solver_seconds`` its least time on those where it errs no more; nothing
    where there is none.

    Args:
        rows: of all peers and seeds.
        solver: of all meshes, coarse to fine.

    Example:
        >>> same = {"error": 0.1, "seconds": 0.02, "residual": 1.0}
        >>> row = {"peer": "gcn", "parameters": 9, "seconds": 60.0, "on": {"same": same}}
        >>> solver = [{"nodes": 50, "error": 0.2, "seconds": 0.01}, {"nodes": 100, "error": 0.05, "seconds": 0.03}]
        >>> found = summary([row], solver)[0]
        >>> found["solver_error"], found["solver_seconds"]
        (0.2, 0.03)
    """
    return [
        _of([row for row in rows if row["peer"] == peer], solver) for peer in dict.fromkeys(r["peer"] for r in rows)
    ]


def table(entries: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """The cells under ``HEADER``, one line a peer, and below them those of the solver.

    Args:
        entries: of ``summary``.
    """
    return [
        [
            e["peer"], e["error"], e["spread"], e["seeds"], e["parameters"], round(e["training_seconds"]),
            1e3 * e["seconds"], *(e[mesh] for mesh in _MESHES), e["residual"], e["solver_error"],
            None if e["solver_seconds"] is None else 1e3 * e["solver_seconds"],
        ]
        for e in entries
    ]  # fmt: skip


def _of(rows: Sequence[Mapping[str, Any]], solver: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    def mean(name: str, mesh: str = "same") -> float | None:
        numbers = [row["on"][mesh][name] for row in rows if mesh in row["on"]]
        return None if None in numbers or not numbers else statistics.fmean(numbers)

    errors = [row["on"]["same"]["error"] for row in rows]
    error, seconds = statistics.fmean(errors), statistics.fmean(row["on"]["same"]["seconds"] for row in rows)
    quick = [s["error"] for s in solver if s["seconds"] <= seconds]
    exact = [s["seconds"] for s in solver if s["error"] <= error]
    return {
        "peer": rows[0]["peer"],
        "error": error,
        "spread": statistics.stdev(errors) if len(errors) > 1 else None,
        "seeds": len(rows),
        "parameters": rows[0]["parameters"],
        "training_seconds": statistics.fmean(row["seconds"] for row in rows),
        "seconds": seconds,
        "residual": mean("residual"),
        **{mesh: mean("error", mesh) for mesh in _MESHES},
        "solver_error": min(quick) if quick else None,
        "solver_seconds": min(exact) if exact else None,
    }
