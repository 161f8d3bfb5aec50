from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from gno.errors import DataError
from gno.report import curves, training_report
from gno.report.history import read_metrics
from gno.report.methods import comparison
from gno.report.page import Page
from gno.report.spread import errors_picture

METRICS = "epoch,train_loss,valid_relative_l2,learning_rate\n1,0.5,,0.001\n2,0.25,0.3,0.0005\n3,0.125,0.2,0\n"
VOID = {"meta", "img", "br", "link"}


class Reader(HTMLParser):
    """What a page is made of: balanced tags, texts, pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[dict[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append({name: value or "" for name, value in attrs})
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_of_a_run_needs_nothing_but_itself(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(METRICS)
    (tmp_path / "recipe.toml").write_text('[model]\nname = "<mgkn>"\n')
    (tmp_path / "env.json").write_text('{"gno": "0.1.0", "packages": {"torch": "2.13.0"}}')
    text = training_report(tmp_path).read_text()
    page = Reader(text)
    assert "script" not in page.tags
    assert "link" not in page.tags
    pictures = [a for tag, a in zip(page.tags, page.attributes) if tag == "img"]
    assert pictures
    assert all(p["src"].startswith("data:image/png;base64,") and len(p["alt"]) > 20 for p in pictures)
    assert "http" not in text.replace("http-equiv", "")
    assert {"0.125", "0.2", "packages torch", "2.13.0"} <= {t.strip() for t in page.texts}
    assert any('name = "<mgkn>"' in t for t in page.texts), "the recipe stands there, escaped"


def test_text_is_escaped() -> None:
    page = Page("<b>", "a & b")
    page.table(["<i>"], [["</table>"]])
    page.paragraph("<script>")
    assert "script" not in Reader(page.html()).tags


def test_curves_are_drawn_where_values_are_missing_or_not_finite(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("epoch,loss,valid\n1,0.5,nan\n2,inf,0.4\n3,0.1,\n")
    assert curves(tmp_path / "m.csv", tmp_path / "c.png").stat().st_size > 5000
    assert np.isnan(read_metrics(tmp_path / "m.csv")["valid"][2])


@pytest.mark.parametrize("text", ["", "epoch,loss\n", "epoch,loss\n1,nan\n", "epoch,loss\n1,0\n"])
def test_nothing_to_draw_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(DataError):
        curves(tmp_path / "m.csv", tmp_path / "c.png")
    assert not (tmp_path / "c.png").exists()


def test_a_run_without_metrics_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        training_report(tmp_path)


def test_errors_of_samples_are_drawn(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{0.01 * (i + 1)},{0.2},{'nan' if i else 0.01}" for i in range(9))
    (tmp_path / "s.csv").write_text(f"sample,relative_l2,baseline_relative_l2,solver_relative_l2\n{rows}\n")
    assert errors_picture(tmp_path / "s.csv", tmp_path / "e.png").stat().st_size > 5000


def test_methods_that_were_not_compared_have_no_row() -> None:
    metrics = {"relative_l2": 0.1, "seconds": 1.0, "solver_relative_l2": 0.01}
    assert [row[0] for row in comparison(metrics)] == ["model", "plain solver"]
