"""Prediction in time: a file a step, and the last state as a picture."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gno.cli.output import Output
from gno.cli.series import Series
from gno.errors import ConfigError
from gno.mesh import Mesh

if TYPE_CHECKING:
    from gno.models import Propagator


def usual_step(propagator: Propagator) -> float:
    """The shortest step of the training, which evaluations take, too: a mean of several may never have been seen.

    Args:
        propagator: the model.
    """
    return propagator.operator.inputs[-1].low[0]


def predict_steps(output: Output, propagator: Propagator, mesh: Mesh, out: Path, steps: int, step: float) -> None:
    """Write the first state and that after each step, a collection of them, and a picture of the last one.

    Args:
        output: where it is told.
        propagator: the model.
        mesh: with the still fields and the first state.
        out: ``OUT.vtu`` stands for ``OUT_0000.vtu`` and so on.
        steps: their number.
        step: their length.

    Raises:
        SolverError: the model gives numbers that are not finite; the states before are written.
        Interrupted: it was told to stop; so are they.
    """
    from gno.errors import Interrupted
    from gno.report import fields_picture
    from gno.training.progress import Event

    series, begun, rows = Series(out), time.perf_counter(), list[dict[str, Any]]()
    last = mesh
    with output.progress() as tell:
        try:
            series.append(0.0, mesh)
            for number, last in enumerate(propagator.predict(mesh, [step] * steps), start=1):
                series.append(number * step, last)
                rows.append({"time": number * step} | _ends(propagator, last))
                if tell is not None:
                    tell(Event("steps", number, steps, {"time": number * step}, milestone=True))
        except (KeyboardInterrupt, Interrupted) as stop:
            raise series.stopped(stop, resume="the state as first one") from None
    seconds = time.perf_counter() - begun
    shown = {c.spec.name: c.spec.units for c in propagator.states[:3]}
    picture = fields_picture(last, shown, out.with_suffix(".png"), title=f"time {steps * step:.4g}")
    few = rows if len(rows) <= 12 else [*rows[:: math.ceil(len(rows) / 10)], rows[-1]]
    output.table(list(rows[0]), [list(row.values()) for row in few])
    shortest, longest = (getattr(propagator.operator.inputs[-1], end)[0] for end in ("low", "high"))
    length = f"steps of {step:.4g}; in training from {shortest:.4g} to {longest:.4g}"
    output.text(f"{length}\n{steps} steps, {seconds / steps:.3g} s each\nwrote {series.collection} and {picture}")
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    files = {"paths": list(series.times), "collection": series.collection, "picture": picture}
    output.result({"steps": steps, "step": step, "seconds": seconds, **files, "states": columns})


def check_step(step: float | None, propagator: Propagator) -> float:
    """The length of a step: that which is given, or the usual one.

    Args:
        step: as given.
        propagator: the model.

    Raises:
        ConfigError: a length that is not positive.
    """
    if step is None:
        return usual_step(propagator)
    if not 0 < step < math.inf:
        raise ConfigError(f"--step {step:g}", why="time goes forward", fix=f"--step {usual_step(propagator):.4g}")
    return step


def _ends(propagator: Propagator, mesh: Mesh) -> dict[str, float]:
    """Least and greatest values of each field; of a vector field of its length."""
    found: dict[str, float] = {}
    for channel in propagator.states:
        values = np.asarray(mesh.point_data[channel.spec.name])
        size = values if values.ndim == 1 else np.linalg.norm(values, axis=1)
        name = channel.spec.name if values.ndim == 1 else f"|{channel.spec.name}|"
        found |= {f"{name} min": float(size.min()), f"{name} max": float(size.max())}
    return found
