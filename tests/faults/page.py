"""The catalogue as a page of the documentation: ``python -m tests.faults.page`` writes it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.catalogue.table import FAULTS
from tests.faults.fault import Fault

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
HEAD = """# Faults

What can go wrong, and what happens then. Every error says in three lines what is wrong, why it cannot go on, and what
to do; the command line ends with the exit code of its class. The table is made from `tests/faults/catalogue/table.py`
by `python -m tests.faults.page`; each row is run through the Python API and the command line by
`test_the_api_answers_as_the_catalogue_says` and `test_the_command_line_answers_as_the_catalogue_says` ("cases"), or
held by the tests it names: those behind `gno` give commands, the others call the library.
{both} of the {rows} rows are held through both; the others say why they are met on one side alone.
Readers are also fed files whose bytes were cut, flipped and inserted at random:
`test_damaged_bytes_raise_our_errors_alone`; ten thousand of each kind by `pytest -m long tests/faults/test_fuzz.py`.
Meshes and graphs of 0 to 50 nodes go through readers, graph builders, operations, solver and network:
`test_small_meshes.py`.

What needs a GPU is skipped where there is none (`pytest -m gpu`), and counts as not shown there: the CUDA halves of
rows 43 and 44. That a model trained on CUDA is read without it (58) and that a GPU's memory runs out (65) is held on
the CPU alone, the latter by the error that torch raises.

| | fault | what happens | error, exit code | held by |
|---|---|---|---|---|
"""


def text() -> str:
    """The page."""
    rows = {fault.number for fault in FAULTS}
    both = rows - {fault.number for fault in FAULTS if not fault.through_both}
    head = HEAD.format(both=len(both), rows=len(rows))
    return head + "".join(_row(fault) for fault in FAULTS)


def _row(fault: Fault) -> str:
    ends = "a warning" if fault.warns else "none"
    if fault.error is not None:
        code = "130 or 143" if fault.error.__name__ == "Interrupted" else fault.error.exit_code
        ends = f"`{fault.error.__name__}`, {code}"
    held = [f"{len(fault.cases)} case{'s' if len(fault.cases) > 1 else ''}"] if fault.cases else []
    held += [f"`{name}`" for name in fault.tests]
    given = ["`gno`: " + ", ".join(f"`{name}`" for name in fault.commands)] if fault.commands else []
    by = "; ".join([", ".join(held)] * bool(held) + given + [fault.one_sided] * bool(fault.one_sided))
    return f"| {fault.number} | {fault.what} | {fault.answer} | {ends} | {by} |\n"


if __name__ == "__main__":
    PAGE.write_text(text())
