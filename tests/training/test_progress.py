"""The console: lines for a log, a bar for a terminal."""

from __future__ import annotations

import io

from gno.training import Console, Event


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_the_ends_of_stages_and_a_line_every_few_seconds() -> None:
    file = io.StringIO()
    with Console(file, interval=1000.0) as progress:
        for step in range(1, 101):
            progress(Event("training", step, 100, {"epoch": 1, "loss": 1 / step}))
        progress(Event("training", 100, 100, {"epoch": 1, "loss": 0.01}, milestone=True))
        progress(Event("evaluation", 0, 3, message="a remark"))
    lines = file.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("training 1/100")
    assert lines[1:] == ["training 100/100  epoch 1  loss 0.01", "a remark"]


def test_a_log_says_what_is_left() -> None:
    file = io.StringIO()
    with Console(file, interval=0.0) as progress:
        progress(Event("graphs", 1, 3, milestone=True))
        progress(Event("graphs", 2, 3, milestone=True))
    assert file.getvalue().splitlines()[1] == "graphs 2/3  about 0:00 left"


def test_a_terminal_gets_a_bar() -> None:
    file = Terminal()
    with Console(file) as progress:
        progress(Event("training", 1, 2, {"epoch": 1, "relative_l2": 0.25}))
        progress(Event("training", 1, 2, message="a [remark]"))
        progress(Event("training", 2, 2, {"epoch": 2, "relative_l2": 0.125}, milestone=True))
    assert "relative l2 0.125" in file.getvalue()
    assert "2/2" in file.getvalue()
    assert "a [remark]" in file.getvalue()
