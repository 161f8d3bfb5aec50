"""Training and evaluation: recipes, losses, metrics, the loop, checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.training.calibration import calibrate_file
    from gno.training.evaluation import evaluate
    from gno.training.losses import LOSSES
    from gno.training.metrics import relative_h1, relative_l2, relative_maximum, rmse_minmax
    from gno.training.progress import Console, Event, Progress
    from gno.training.recipe import Recipe
    from gno.training.run import Run, train

_LAZY = {
    "LOSSES": "gno.training.losses",
    "Console": "gno.training.progress",
    "Event": "gno.training.progress",
    "Progress": "gno.training.progress",
    "Recipe": "gno.training.recipe",
    "Run": "gno.training.run",
    "calibrate_file": "gno.training.calibration",
    "evaluate": "gno.training.evaluation",
    "relative_h1": "gno.training.metrics",
    "relative_l2": "gno.training.metrics",
    "relative_maximum": "gno.training.metrics",
    "rmse_minmax": "gno.training.metrics",
    "train": "gno.training.run",
}

__all__ = [
    "LOSSES",
    "Console",
    "Event",
    "Progress",
    "Recipe",
    "Run",
    "calibrate_file",
    "evaluate",
    "relative_h1",
    "relative_l2",
    "relative_maximum",
    "rmse_minmax",
    "train",
]

# Import a name when it is first used: progress needs no torch, the rest does.
__getattr__ = lazily(__name__, _LAZY)
