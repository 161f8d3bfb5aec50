"""The model file: one ``.safetensors`` that knows what it needs from a mesh, and runs no code when it is read.

Its header holds, as JSON under ``gno``: the format's version, the version of gno that wrote it, the network's name
and arguments, fields with units, normalizers and training ranges, the geometry, what is known of the problem, and the
SHA-256 of each tensor and of the description itself. The same operator makes the same bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from gno.errors import ConfigError, GnoError, ModelError
from gno.files import write_bytes
from gno.models.file.earlier import brought_up
from gno.models.file.header import Header, read_header, sealed
from gno.models.networks.registry import make
from gno.models.registry import MODELS, name_of

FORMAT = 2
"""Version of the format; a file of a greater one is refused. Without time, a file is written as of version 1."""


def write(path: str | os.PathLike[str], network: nn.Module, description: Mapping[str, Any]) -> None:
    """Write a model; the file appears when it is complete.

    Args:
        path: the file.
        network: whose weights and arguments are kept.
        description: what is kept beside them, as values that JSON can hold.

    Raises:
        ResourceError: no space, no such folder, or no right to write there.
        ConfigError: a network that is not registered.
    """
    from gno import __version__

    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    whole = {
        "format": 1 if description.get("time") is None else FORMAT,
        "gno": __version__,
        "network": {"name": name_of(network), "arguments": network.arguments},
        "sha256": {name: tensor_digest(value) for name, value in tensors.items()},
        **description,
    }
    # One entry: safetensors writes several in an order of chance.
    write_bytes(path, tensors_to_bytes(tensors, {"gno": sealed(whole)}))


@contextmanager
def reading(path: Path) -> Iterator[Header]:
    """The header of a model file, to make a model of: what goes wrong in doing so is an error of the file.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, foreign, of a newer format, or could run code.
    """
    header = read_header(path)
    made, version = header.description.get("gno", "an unknown version"), header.description.get("format")
    if not isinstance(version, int) or version > FORMAT:
        from gno import __version__

        raise ModelError(
            f"{path} has format {version}, made by gno {made}",
            why=f"this is gno {__version__}, which reads formats up to {FORMAT}",
            fix="pip install --upgrade gno-pde",
        )
    try:
        yield brought_up(header)
    except ModelError:
        raise
    except (
        GnoError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
        SafetensorError,
    ) as error:
        detail = str(error) if isinstance(error, GnoError) else f"{type(error).__name__}: {error}"
        raise ModelError(f"{path} cannot be read", why=detail.splitlines()[0], fix="copy the file again") from error


def is_in_time(header: Header) -> bool:
    """Whether the model of a file predicts in time.

    Args:
        header: of the file.
    """
    return header.description.get("time") is not None


def network_of(path: Path, header: Header) -> nn.Module:
    """The network of a model file, with its weights.

    Args:
        path: the file.
        header: of it.

    Raises:
        ModelError: an unknown network, or tensors that are not those of it.
    """
    kind = header.description["network"]
    with torch.device("meta"):  # no memory before it is known that the file holds these weights
        try:
            network = make(kind["name"], kind["arguments"], MODELS)
        except ConfigError as error:
            raise ModelError(f"{path}: {error.what}", why=error.why, fix=error.fix) from error
    tensors = _tensors(path, header, network, header.description["sha256"])
    network.load_state_dict(tensors, assign=True)
    return network


def _tensors(path: Path, header: Header, network: nn.Module, digests: Mapping[str, str]) -> dict[str, Tensor]:
    wanted = network.state_dict()
    for what, names in (("lacks", wanted.keys() - header.tensors), ("has unknown", header.tensors - wanted.keys())):
        if names:
            first = ", ".join(sorted(names)[:5])
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            raise ModelError(f"{path} {what} {len(names)} tensors", why=f"{first}{more}", fix="copy the file again")
    try:
        tensors = read_tensors(header.content)
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"{path} is damaged", why=str(error).splitlines()[0], fix="copy the file again") from error
    for name, value in tensors.items():
        if value.shape != wanted[name].shape or not value.is_floating_point():
            raise ModelError(
                f"{path}: tensor {name} has shape {tuple(value.shape)} and type {value.dtype}",
                why=f"the network needs {tuple(wanted[name].shape)}, floating point",
            )
        if tensor_digest(value) != digests.get(name):
            raise ModelError(
                f"{path}: tensor {name} is damaged", why="its SHA-256 is not the one noted", fix="copy the file again"
            )
    return tensors


def tensor_digest(value: Tensor) -> str:
    """SHA-256 of the numbers of a tensor as they lie in memory.

    Args:
        value: of any type and shape, on any device.

    Example:
        >>> tensor_digest(torch.zeros(2))[:8]
        'af5570f5'
    """
    flat = value.detach().cpu().contiguous().reshape(-1)
    return hashlib.sha256(flat.view(torch.uint8).numpy().data).hexdigest()
