"""Model files of earlier versions, read as those of today."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_to_bytes

from gno.models.file.header import Header

_COARSE = {"solver": "solver", "coarse": "mesh", "columns": "columns", "outputs": "outputs", "k": "k",
           "learned": "learned", "barrier": "barrier"}  # fmt: skip
_MOVED = {"mesh.displacement": "coarse.mesh.displacement"}


def brought_up(header: Header) -> Header:
    """A header as this version writes it.

    ``CFDGCN`` had the arguments of its ``CoarseSolution`` among its own, and the nodes that it learned.

    Args:
        header: of any version.
    """
    network: dict[str, Any] = header.description.get("network", {})
    arguments = network.get("arguments", {})
    if network.get("name") != "CFDGCN" or "solver" not in arguments:
        return header
    own = {name: value for name, value in arguments.items() if name not in _COARSE}
    own["coarse"] = {now: arguments[then] for then, now in _COARSE.items() if then in arguments}
    tensors = {_MOVED.get(name, name): value for name, value in read_tensors(header.content).items()}
    digests = {_MOVED.get(name, name): value for name, value in header.description["sha256"].items()}
    description = {**header.description, "network": {**network, "arguments": own}, "sha256": digests}
    return replace(header, description=description, tensors=frozenset(tensors), content=tensors_to_bytes(tensors))
