"""The table: means over the seeds, and the solver beside each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

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


_COLUMNS: Mapping[str, str] = {
    "peer": "peer",
    "error": "error",
    "±": "spread",
    "at the end": "last",
    "seeds": "seeds",
    "parameters": "parameters",
    "training s": "training_seconds",
    "prediction ms": "milliseconds",
    **{mesh: mesh for mesh in _MESHES},
    "residual": "residual",
    "divergence": "divergence",
    "solver in that time": "solver_error",
    "solver with that error, ms": "solver_milliseconds",
}
_SOLVER: Mapping[str, str] = {
    "solver on": "nodes",
    "error": "error",
    "at the end": "last",
    "ms": "milliseconds",
    "residual": "residual",
    "divergence": "divergence",
}


def table(entries: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Header and lines, one a peer, without the columns that nobody has anything in.

    Args:
        entries: of ``summary``.

    Example:
        >>> table([{"peer": "gcn", "error": 0.1, "spread": None, "seconds": 0.02}])
        (['peer', 'error', 'prediction ms'], [['gcn', 0.1, 20.0]])
    """
    return _filled(_COLUMNS, entries)


def solver_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """The same of the solver's rows.

    Args:
        rows: of the solver.
    """
    return _filled(_SOLVER, rows)


def _filled(columns: Mapping[str, str], entries: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    told = [{**entry, **_milliseconds(entry)} for entry in entries]
    header = [name for name, key in columns.items() if any(entry.get(key) is not None for entry in told)]
    return header, [[entry.get(columns[name]) for name in header] for entry in told]


def _milliseconds(entry: Mapping[str, Any]) -> dict[str, float]:
    """Every time in seconds that an entry has under another name."""
    times = {key.replace("seconds", "milliseconds"): entry.get(key) for key in ("seconds", "solver_seconds")}
    return {key: 1e3 * seconds for key, seconds in times.items() if seconds is not None}


def _of(rows: Sequence[Mapping[str, Any]], solver: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    def mean(name: str, mesh: str = "same") -> float | None:
        told = (row["on"].get(mesh, {}).get(name) for row in rows)
        numbers = [number for number in told if number is not None]
        return statistics.fmean(numbers) if numbers else None

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
        **{name: mean(name) for name in ("last", "residual", "divergence")},
        **{mesh: mean("error", mesh) for mesh in _MESHES},
        "solver_error": min(quick) if quick else None,
        "solver_seconds": min(exact) if exact else None,
    }
