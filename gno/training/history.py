"""The history of a run: one row an epoch, in memory and in ``metrics.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gno.files import unwritable, write_text

Row = Mapping[str, float | int]
RESUME = "then resume the run"


class History:
    """Rows of numbers that are also appended to a CSV file, each when it is known.

    Args:
        path: the file; ``None`` keeps the rows in memory alone.
        rows: those of earlier epochs; what else the file holds is dropped.

    Raises:
        ResourceError: the disk is full.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "metrics.csv"
        >>> history = History(path)
        >>> history.append({"epoch": 1, "train_loss": 0.5})
        >>> path.read_text().split()
        ['epoch,train_loss', '1,0.5']
    """

    def __init__(self, path: Path | None, rows: Sequence[Row] = ()) -> None:
        self.path = path
        self.rows: list[dict[str, float | int]] = [dict(row) for row in rows]
        if path is not None:
            write_text(path, csv_text(rows), then=RESUME)

    def append(self, row: Row) -> None:
        """Add the row of an epoch."""
        text = csv_text([row], header=not self.rows)
        self.rows.append(dict(row))
        if self.path is None:
            return
        try:
            with open(self.path, "a", newline="") as file:
                file.write(text)
        except OSError as error:
            raise unwritable(self.path, error, then=RESUME) from error


def csv_text(rows: Iterable[Mapping[str, object]], *, header: bool = True) -> str:
    """Rows of the same keys as CSV, numbers with eight digits.

    Args:
        rows: key to value.
        header: whether the keys stand above them.

    Example:
        >>> csv_text([{"split": "test", "relative_l2": 1 / 3}]).split()
        ['split,relative_l2', 'test,0.33333333']
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(rows):
        if header and number == 0:
            writer.writerow(row)
        writer.writerow(f"{v:.8g}" if isinstance(v, float) else v for v in row.values())
    return out.getvalue()
