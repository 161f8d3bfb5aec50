"""The parts of an untrained operator, from a dataset."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from gno.datasets.naming import suggestion
from gno.datasets.reader import MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh.faces import outer_nodes
from gno.mesh.mesh import Mesh
from gno.models.features.channel import Channel
from gno.models.features.geometry import Geometry
from gno.models.hybrids.cfd_gcn import CFDGCN
from gno.models.hybrids.options import hybrid_options
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.models.hybrids.step_corrector import StepCorrector
from gno.models.networks.registry import kind_of, make
from gno.models.operator.trained_upscaling import with_upscaling
from gno.models.registry import MODELS
from gno.nn.kernel_options import KernelOptions

_SEEN = 128  # training meshes that lengths are taken from
_LOOKED_AT = 8  # training samples whose targets are looked at on the boundary
_VANISHING = 1e-3  # of the largest value
_ONE_LEVEL = ("gkn", "meshgraphnet", "gcn", "cfdgcn", "transolver")


def build(
    dataset: MeshDataset,
    model: str,
    geometry: Geometry | Mapping[str, Any] | None,
    transforms: Mapping[str, str],
    options: Mapping[str, Any],
    params: Sequence[str] = (),
) -> tuple[nn.Module, list[Channel], list[Channel], Geometry]:
    """Network, inputs, targets and geometry for the fields and meshes of a dataset.

    Args:
        dataset: any split of it.
        model: name of the network.
        geometry: the geometry, or some of its fields and ``levels``.
        transforms: field or parameter to ``none`` or ``log``.
        options: of the network.
        params: parameters of the samples that are inputs, too.

    Raises:
        ConfigError: an unknown model, field or option, or values that cannot be.
        DataError: a dataset without inputs or targets.
    """
    if kind_of(model, MODELS) is StepCorrector:
        raise ConfigError(f"{model} for samples without time", why="it corrects steps", fix="take SolverCorrector")
    inputs, targets = channels_of(dataset, transforms, params)
    seen = geometry_of(dataset, model, geometry)
    if kind_of(model, MODELS) is CFDGCN:
        options = hybrid_options(options, next(training_meshes(dataset, 1)), inputs, targets)
    options, learned = with_upscaling(options)
    network = network_of(model, options, inputs, targets, seen)
    if learned is not None and isinstance(network, SolverCorrector) and network.upscaling is not None:
        network.upscaling.load_state_dict(learned.state_dict())
    return network, inputs, targets, seen


def channels_of(
    dataset: MeshDataset, transforms: Mapping[str, str], params: Sequence[str] = ()
) -> tuple[list[Channel], list[Channel]]:
    """Inputs and targets of a dataset.

    Args:
        dataset: any split of it.
        transforms: field or parameter to ``none`` or ``log``.
        params: parameters of the samples that are inputs, too.

    Raises:
        ConfigError: a transform of a field that there is not, or an unknown parameter.
        DataError: a dataset without targets.
    """
    names = [*(spec.name for spec in dataset.fields), *params]
    for name in transforms:
        if name not in names:
            raise ConfigError(
                f"transform of field {name!r}", why=f"have: {', '.join(names)}", fix=suggestion(name, names)
            )
    channels = [
        Channel.from_statistics(
            replace(spec, transient=False), dataset.statistics[spec.name], transforms.get(spec.name)
        )
        for spec in dataset.fields
    ]
    inputs = [channel for channel in channels if channel.spec.role != "target"]
    inputs += [_parameter(dataset, name, transforms.get(name)) for name in params]
    targets = [channel for channel in channels if channel.spec.role == "target"]
    if not targets:
        raise DataError(
            f"{dataset.path} has no targets", why=f"fields: {', '.join(names)}", fix="give one the role target"
        )
    return inputs, targets


def network_of(
    model: str,
    options: Mapping[str, Any],
    inputs: Sequence[Channel],
    targets: Sequence[Channel],
    geometry: Geometry,
) -> nn.Module:
    """The untrained network for some fields.

    Args:
        model: its name.
        options: its arguments but those that follow from the rest.
        inputs: fields that it sees.
        targets: fields that it returns.
        geometry: lengths and features.

    Raises:
        ConfigError: an unknown model or option, or values that cannot be.
    """
    if "radius" in options:
        raise ConfigError("radius is an option of the geometry", fix="set geometry.radius")
    own: dict[str, Any] = {
        "in_channels": sum(channel.spec.components for channel in inputs) + geometry.num_features,
        "out_channels": sum(channel.spec.components for channel in targets),
        "radius": geometry.radius,
    }
    space = {"dim": geometry.dim, "period": geometry.period}
    own["kernel"] = {**_mapping(options.get("kernel")), **space}
    taken = inspect.signature(kind_of(model, MODELS)).parameters
    return make(model, {**options, **{name: value for name, value in own.items() if name in taken}}, MODELS)


def check_vanishing(dataset: MeshDataset, targets: Sequence[Channel], boundary: str) -> None:
    """Refuse a boundary that is held at zero where the targets of the training are not zero.

    Args:
        dataset: any split of it.
        targets: fields that are to be predicted.
        boundary: ``free``, ``zero`` or ``mask``.

    Raises:
        ConfigError: a target that does not vanish on the boundary.
    """
    if boundary == "free":
        return
    for mesh in training_meshes(dataset, _LOOKED_AT):
        for channel in targets:
            values = channel.values(mesh).abs()
            worst = float(values[torch.from_numpy(outer_nodes(mesh))].max())
            if worst > _VANISHING * float(values.max()):
                raise ConfigError(
                    f"boundary {boundary!r} with target {channel.spec.name!r}",
                    why=f"it is up to {worst:.3g} on the boundary of the training samples, and not 0",
                    fix='set boundary = "free"',
                )


def geometry_of(dataset: MeshDataset, model: str, geometry: Geometry | Mapping[str, Any] | None) -> Geometry:
    """How a network sees the meshes of a dataset.

    Args:
        dataset: any split of it.
        model: name of the network.
        geometry: the geometry, or some of its fields and ``levels``.

    Raises:
        ConfigError: values that cannot be.
    """
    if isinstance(geometry, Geometry):
        return geometry
    given, period = dict(geometry or {}), str(dataset.attributes.get("period", ""))
    if period and "period" not in given:
        given["period"] = [float(length) for length in period.split(",")]
    if any(given.get("period", ())):
        given.setdefault("features", ())  # the outer faces of a periodic box are no boundary
    if model.lower() in _ONE_LEVEL:
        given = {"levels": 1, **given}
    return Geometry.from_meshes(training_meshes(dataset, _SEEN), **given)


def _parameter(dataset: MeshDataset, name: str, transform: str | None) -> Channel:
    with MeshDataset(dataset.path, params=[name]):  # it is refused where there is none
        train = dataset.splits.get("train", np.zeros(0, dtype=np.int64))
        values = dataset.params[name]
        return Channel.of_parameter(name, values[train] if len(train) else values, transform)


def training_meshes(dataset: MeshDataset, most: int, params: Sequence[str] = ()) -> Iterator[Mesh]:
    """Meshes of some training samples (of all, where there are none), evenly spread, with their fields.

    Args:
        dataset: any split of it.
        most: meshes that are wanted at most.
        params: parameters of the samples that they carry as fields.
    """
    split = "train" if len(dataset.splits.get("train", ())) else None
    with MeshDataset(dataset.path, split, params=params) as train:
        for i in np.unique(np.linspace(0, len(train) - 1, min(most, len(train))).astype(int)):
            yield train.window(int(i), 0, 1).at(0)


def _mapping(kernel: Any) -> Mapping[str, Any]:
    if kernel is None or isinstance(kernel, Mapping):
        return kernel or {}
    if isinstance(kernel, KernelOptions):
        return kernel.to_dict()
    raise ConfigError(f"kernel is {kernel!r}", why="it is a table of options: width, layers, geometry, aggregation")
