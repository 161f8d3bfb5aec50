"""A propagator in its file, and out of it."""

from __future__ import annotations

import os
from pathlib import Path

from gno.errors import ModelError
from gno.models.features.channel import Channel
from gno.models.file.header import Header
from gno.models.file.model_file import is_in_time, reading, write
from gno.models.in_time.propagator import Propagator
from gno.models.operator.saved import description_of, operator_of


def save(propagator: Propagator, path: str | os.PathLike[str]) -> None:
    """Write a propagator, as of ``Propagator.save``.

    Args:
        propagator: what to write.
        path: the file.
    """
    time = {
        "states": [state.to_dict() for state in propagator.states],
        "predict": propagator.predict_as,
        "fixed": list(propagator.fixed),
        "fixed_fields": list(propagator.fixed_fields),
    }
    write(path, propagator.operator.network, {**description_of(propagator.operator), "time": time})


def load(path: str | os.PathLike[str]) -> Propagator:
    """Read a propagator, as of ``Propagator.load``.

    Args:
        path: the file.

    Raises:
        ModelError: the file cannot be used, or its model knows no time.
    """
    with reading(Path(path)) as header:
        if not is_in_time(header):
            raise ModelError(
                f"the model of {path} knows no time", why="Propagator was asked for", fix="load it as Operator"
            )
        return propagator_of(Path(path), header)


def propagator_of(path: Path, header: Header) -> Propagator:
    """The propagator of a model file.

    Args:
        path: the file.
        header: of it.

    Raises:
        ModelError: an unknown network, or tensors that are not those of it.
    """
    operator, time = operator_of(path, header), header.description["time"]
    states = [Channel.from_dict(data) for data in time["states"]]
    fields = time.get("fixed_fields", ())  # of an earlier file: all
    return Propagator(operator, states, predict=time["predict"], fixed=time["fixed"], fixed_fields=fields)
