"""The model file: one ``.safetensors`` that knows what it needs from a mesh, and runs no code when it is read.

Its header holds, as JSON under ``gno``: the format's version, the version of gno that wrote it, the network's name
and arguments, fields with units, normalizers and training ranges, the geometry, what is known of the problem, and the
SHA-256 of each tensor and of the description itself. The same operator makes the same bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from gno.errors import ConfigError, GnoError, ModelError
from gno.files import write_bytes
from gno.models.channel import Channel
from gno.models.geometry import Geometry
from gno.models.model_header import Header, read_header, sealed
from gno.models.registry import make, name_of

if TYPE_CHECKING:
    from gno.models.operator import Operator
    from gno.models.propagator import Propagator

FORMAT = 2
"""Version of the format; a file of a greater one is refused. Without time, a file is written as of version 1."""
Model = TypeVar("Model", bound=nn.Module)


def save(model: Operator | Propagator, path: str | os.PathLike[str]) -> None:
    """Write a model; the file appears when it is complete.

    Args:
        model: what to write.
        path: the file.

    Raises:
        ResourceError: no space, no such folder, or no right to write there.
        ConfigError: a network that is not registered.
    """
    from gno import __version__
    from gno.models.propagator import Propagator

    operator = model.operator if isinstance(model, Propagator) else model
    tensors = {name: value.detach().cpu().contiguous() for name, value in operator.network.state_dict().items()}
    description = {
        "format": 1,
        "gno": __version__,
        "network": {"name": name_of(operator.network), "arguments": operator.network.arguments},
        "inputs": [channel.to_dict() for channel in operator.inputs],
        "targets": [channel.to_dict() for channel in operator.targets],
        "geometry": operator.geometry.to_dict(),
        "boundary": operator.boundary,
        "attributes": {key: _plain(value) for key, value in operator.attributes.items()},
        "sha256": {name: tensor_digest(value) for name, value in tensors.items()},
    }
    if isinstance(model, Propagator):
        time = {"predict": model.predict_as, "fixed": list(model.fixed)}
        description |= {"format": FORMAT, "time": {"states": [s.to_dict() for s in model.states], **time}}
    # One entry: safetensors writes several in an order of chance.
    write_bytes(path, tensors_to_bytes(tensors, {"gno": sealed(description)}))


def load_as(path: str | os.PathLike[str], kind: type[Model]) -> Model:
    """Read a model of one kind.

    Args:
        path: the file.
        kind: ``Operator`` or ``Propagator``.

    Raises:
        ModelError: the file cannot be used, or holds a model of the other kind.
    """
    model = load(path)
    if not isinstance(model, kind):
        what = "predicts in time" if kind.__name__ == "Operator" else "knows no time"
        raise ModelError(
            f"the model of {path} {what}",
            why=f"{kind.__name__} was asked for",
            fix=f"load it as {type(model).__name__}",
        )
    return model


def load(path: str | os.PathLike[str]) -> Operator | Propagator:
    """Read an operator, or a propagator where the model predicts in time; nothing in the file is run.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, foreign, of a newer format, or could run code.
    """
    path = Path(path)
    header = read_header(path)
    description = header.description
    made, version = description.get("gno", "an unknown version"), description.get("format")
    if not isinstance(version, int) or version > FORMAT:
        from gno import __version__

        raise ModelError(
            f"{path} has format {version}, made by gno {made}",
            why=f"this is gno {__version__}, which reads formats up to {FORMAT}",
            fix="pip install --upgrade gno-pde",
        )
    try:
        return _model(path, header)
    except ModelError:
        raise
    except (GnoError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        detail = str(error) if isinstance(error, GnoError) else f"{type(error).__name__}: {error}"
        raise ModelError(f"{path} cannot be read", why=detail.splitlines()[0], fix="copy the file again") from error


def _model(path: Path, header: Header) -> Operator | Propagator:
    from gno.models.propagator import Propagator

    operator, time = _operator(path, header), header.description.get("time")
    if time is None:
        return operator
    states = [Channel.from_dict(data) for data in time["states"]]
    return Propagator(operator, states, predict=time["predict"], fixed=time["fixed"])


def _operator(path: Path, header: Header) -> Operator:
    from gno.models.operator import Operator

    description = header.description
    kind = description["network"]
    with torch.device("meta"):  # no memory before it is known that the file holds these weights
        try:
            network = make(kind["name"], kind["arguments"])
        except ConfigError as error:
            raise ModelError(f"{path}: {error.what}", why=error.why, fix=error.fix) from error
    tensors = _tensors(path, header, network, description["sha256"])
    network.load_state_dict(tensors, assign=True)
    return Operator(
        network,
        [Channel.from_dict(data) for data in description["inputs"]],
        [Channel.from_dict(data) for data in description["targets"]],
        Geometry.from_dict(description["geometry"]),
        boundary=description["boundary"],
        attributes=description["attributes"],
    )


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


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
