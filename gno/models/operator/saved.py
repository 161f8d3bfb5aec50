"""An operator in its file, and out of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gno.errors import ModelError
from gno.models.features.channel import Channel
from gno.models.features.geometry import Geometry
from gno.models.file.header import Header
from gno.models.file.model_file import is_in_time, network_of, reading, write
from gno.models.operator.band import Band
from gno.models.operator.novelty import Novelty
from gno.models.operator.operator import Operator


def save(operator: Operator, path: str | os.PathLike[str]) -> None:
    """Write an operator, as of ``Operator.save``.

    Args:
        operator: what to write.
        path: the file.
    """
    write(path, operator.network, description_of(operator))


def load(path: str | os.PathLike[str]) -> Operator:
    """Read an operator, as of ``Operator.load``.

    Args:
        path: the file.

    Raises:
        ModelError: the file cannot be used, or its model predicts in time.
    """
    with reading(Path(path)) as header:
        if is_in_time(header):
            raise ModelError(
                f"the model of {path} predicts in time", why="Operator was asked for", fix="load it as Propagator"
            )
        return operator_of(Path(path), header)


def description_of(operator: Operator) -> dict[str, Any]:
    """What a model file says of an operator beside its network.

    Args:
        operator: any.
    """
    bands = {name: band.to_dict() for name, band in operator.bands.items()}
    known: dict[str, Any] = {"bands": bands} if bands else {}
    if operator.novelty is not None:
        known["novelty"] = operator.novelty.to_dict()
    return known | {
        "inputs": [channel.to_dict() for channel in operator.inputs],
        "targets": [channel.to_dict() for channel in operator.targets],
        "geometry": operator.geometry.to_dict(),
        "boundary": operator.boundary,
        "attributes": {key: _plain(value) for key, value in operator.attributes.items()},
    }


def operator_of(path: Path, header: Header) -> Operator:
    """The operator of a model file, or the one inside of its propagator.

    Args:
        path: the file.
        header: of it.

    Raises:
        ModelError: an unknown network, or tensors that are not those of it.
    """
    description = header.description
    return Operator(
        network_of(path, header),
        [Channel.from_dict(data) for data in description["inputs"]],
        [Channel.from_dict(data) for data in description["targets"]],
        Geometry.from_dict(description["geometry"]),
        boundary=description["boundary"],
        attributes=description["attributes"],
        bands={name: Band.from_dict(data) for name, data in description.get("bands", {}).items()},
        novelty=Novelty.from_dict(description["novelty"]) if "novelty" in description else None,
    )


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
