"""A page of text, tables and pictures in one HTML file: it needs no network and runs no scripts."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from gno import __version__
from gno.files import write_text

Cell = str | float | int | None


class Page:
    r"""Blocks of a page, one below the other.

    Args:
        title: the heading.
        lede: one line below it.

    Example:
        >>> page = Page("A run", "ten epochs")
        >>> page.table(["epoch", "loss"], [[1, 0.5], [2, 0.25]], caption="The loss.")
        >>> "<td class=\"number\">0.25</td>" in page.html()
        True
    """

    def __init__(self, title: str, lede: str = "") -> None:
        self.title, self.lede = title, lede
        self._blocks: list[str] = []

    def heading(self, text: str) -> None:
        """A heading of the second rank."""
        self._blocks.append(f"<h2>{escape(text)}</h2>")

    def paragraph(self, text: str) -> None:
        """Plain text."""
        self._blocks.append(f"<p>{escape(text)}</p>")

    def preformatted(self, text: str) -> None:
        """Text whose lines stay as they are: a recipe."""
        self._blocks.append(f"<pre>{escape(text.rstrip())}</pre>")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "") -> None:
        """A table; columns of numbers are set flush right.

        Args:
            header: names of the columns.
            rows: text and numbers; ``None`` leaves a cell empty.
            caption: one line below.
        """
        columns = list(zip(*rows)) or [() for _ in header]
        numbers = [all(isinstance(v, (int, float, type(None))) for v in column) for column in columns]
        marks = [' class="number"' if n else "" for n in numbers]
        head = "".join(f'<th scope="col"{mark}>{escape(name)}</th>' for name, mark in zip(header, marks))
        body = "\n".join(
            "<tr>" + "".join(f"<td{mark}>{escape(spelled(v))}</td>" for v, mark in zip(row, marks)) + "</tr>"
            for row in rows
        )
        below = f"<caption>{escape(caption)}</caption>" if caption else ""
        self._blocks.append(
            f'<div class="wide"><table>{below}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'
        )

    def figure(self, picture: str | os.PathLike[str], *, alt: str, caption: str = "") -> None:
        """A PNG file, which becomes part of the page.

        Args:
            picture: the file.
            alt: what it shows, for who does not see it.
            caption: one line below.
        """
        data = base64.b64encode(Path(picture).read_bytes()).decode()
        below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        image = f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'
        self._blocks.append(f"<figure>{image}{below}</figure>")

    def html(self) -> str:
        """The whole page."""
        style = (files("gno.report") / "page.css").read_text(encoding="utf-8")
        lede = f'<p class="lede">{escape(self.lede)}</p>\n' if self.lede else ""
        blocks = "\n".join(self._blocks)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            f"<header><h1>{escape(self.title)}</h1>\n{lede}</header>\n<main>\n{blocks}\n</main>\n"
            f"<footer>gno {__version__}</footer>\n</body>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page.

        Args:
            path: the HTML file.

        Raises:
            ResourceError: it cannot be written.
        """
        write_text(path, self.html())
        return Path(path)


def spelled(value: Cell) -> str:
    """A value as a reader wants it: four digits of a real number, thousands apart.

    Example:
        >>> spelled(1234567), spelled(0.123456), spelled(None)
        ('1,234,567', '0.1235', '')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
