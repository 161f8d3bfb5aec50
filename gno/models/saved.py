"""The model of a file, whether it knows time or not."""

from __future__ import annotations

import os
from pathlib import Path

from gno.models.file.model_file import is_in_time, reading
from gno.models.in_time.propagator import Propagator
from gno.models.in_time.saved import propagator_of
from gno.models.operator.operator import Operator
from gno.models.operator.saved import operator_of


def load(path: str | os.PathLike[str]) -> Operator | Propagator:
    """Read an operator, or a propagator where the model predicts in time; nothing in the file is run.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, foreign, of a newer format, or could run code.
    """
    with reading(Path(path)) as header:
        return propagator_of(Path(path), header) if is_in_time(header) else operator_of(Path(path), header)
