"""What a command says: results on standard output, as text or as one JSON object; the rest on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from gno.cli.exits import tell
from gno.errors import CONTROLS, GnoError

if TYPE_CHECKING:
    from gno.training.progress import Progress

PIPE_WIDTH = 160
"""Columns where standard output is no terminal: lines that programs read are not folded."""
_LONG = 24  # letters that a column keeps together, and no more


class Output:
    """Where a command's results and remarks go.

    Args:
        as_json: results as one JSON object.
        quiet: no remarks and no progress.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json, self.quiet = as_json, quiet

    def note(self, text: str) -> None:
        """A remark on standard error."""
        if not self.quiet:
            sys.stderr.write(_harmless(text) + "\n")

    def warn(self, text: str) -> None:
        """A warning on standard error, which ``quiet`` does not hide."""
        sys.stderr.write(f"warning: {_harmless(text)}\n")

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """What to tell of a long computation; ``None`` where nobody wants to know."""
        if self.quiet:
            yield None
            return
        from gno.training.progress import Console

        with Console(sys.stderr) as console:
            yield console

    def text(self, text: str) -> None:
        """Lines of a result, unless it is wanted as JSON."""
        if not self.as_json:
            sys.stdout.write(_harmless(text) + "\n")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table of a result, unless it is wanted as JSON; numbers are set flush right."""
        if self.as_json:
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for number, name in enumerate(header):
            is_number = all(isinstance(row[number], (int, float, type(None))) for row in rows)
            words = [len(word) for text in (name, *(_spelled(row[number]) for row in rows)) for word in text.split()]
            least = min(max(words, default=0), _LONG)  # where a table is too wide, lines are broken between words
            table.add_column(Text(name), justify="right" if is_number else "left", min_width=least)
        for row in rows:
            table.add_row(*(Text(_spelled(value)) for value in row))
        Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)

    def result(self, result: Mapping[str, Any]) -> None:
        """The result as one JSON object, if that is wanted; numbers that are not finite become null."""
        if self.as_json:
            sys.stdout.write(json.dumps(_plain(result), indent=2, allow_nan=False) + "\n")

    def fail(self, error: GnoError) -> typer.Exit:
        """What to raise after a result that says what is wrong: it is told once more in three lines.

        Args:
            error: what is wrong.
        """
        sys.stdout.flush()
        return typer.Exit(tell(error))


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _harmless(str(value))


def _harmless(text: str) -> str:
    """Without what commands a terminal: names that stand in files of strangers are printed."""
    return "\n".join(line.translate(CONTROLS) for line in text.split("\n"))


def _plain(value: Any) -> Any:
    """Mappings, sequences, NumPy's numbers and paths as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
