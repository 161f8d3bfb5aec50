"""The page of a training run."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from gno.errors import DataError
from gno.report.history import curves, read_metrics, readable
from gno.report.page import Page

ROWS = 12
"""Epochs in the table, evenly spread; all of them are in metrics.csv."""


def training_report(folder: str | os.PathLike[str]) -> Path:
    r"""Draw ``curves.png`` and write ``report.html`` of a run from the files in its folder.

    Args:
        folder: of the run, with ``metrics.csv``, and by custom ``recipe.toml`` and ``env.json``.

    Returns:
        the path of the page.

    Raises:
        DataError: there is no ``metrics.csv``, or no epoch in it.
        ResourceError: a file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> _ = (folder / "metrics.csv").write_text("epoch,train_loss\n1,0.5\n2,0.25\n")
        >>> training_report(folder).name, (folder / "curves.png").exists()
        ('report.html', True)
    """
    folder = Path(folder)
    columns = read_metrics(folder / "metrics.csv")
    picture = curves(folder / "metrics.csv", folder / "curves.png", title=f"training of {folder.name}")
    epochs = len(next(iter(columns.values())))
    page = Page(f"Training run {folder.resolve().name}", f"{epochs} epochs")
    page.heading("Loss and errors")
    last = ", ".join(f"{readable(name)} {values[-1]:.4g}" for name, values in columns.items() if _known(values[-1]))
    page.figure(picture, alt=f"Loss and errors against the epoch on a logarithmic axis; at the end: {last}.")
    chosen = sorted({round(i * (epochs - 1) / max(ROWS - 1, 1)) for i in range(min(ROWS, epochs))} | {epochs - 1})
    rows = [[_cell(name, values[i]) for name, values in columns.items()] for i in chosen]
    page.table([readable(name) for name in columns], rows, caption="All epochs are in metrics.csv.")
    _recipe(page, folder / "recipe.toml")
    _environment(page, folder / "env.json")
    return page.save(folder / "report.html")


def environment_rows(environment: dict[str, Any]) -> list[list[str | float | int | None]]:
    """Nested tables of versions and devices as rows of a name and a value."""
    rows: list[list[str | float | int | None]] = []
    for name, value in environment.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        rows += [[readable(f"{name} {key}".strip()), str(v)] for key, v in inner]
    return rows


def _recipe(page: Page, path: Path) -> None:
    if path.is_file():
        page.heading("Recipe")
        page.paragraph("With every value that was left to its default.")
        page.preformatted(path.read_text(encoding="utf-8"))


def _environment(page: Page, path: Path) -> None:
    if not path.is_file():
        return
    try:
        environment = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON", why=str(error)) from error
    page.heading("Made with")
    page.table(["what", "value"], environment_rows(environment))


def _known(value: float) -> bool:
    return math.isfinite(value)


def _cell(name: str, value: float) -> float | int | None:
    if not _known(value):
        return None
    return int(value) if name in ("epoch", "step") and value == int(value) else value
