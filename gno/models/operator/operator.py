"""The operator: a network with all it needs to take a mesh and return fields."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.datasets.reader import MeshDataset
from gno.errors import ConfigError, DataError
from gno.graph.multilevel import MultilevelData
from gno.mesh.mesh import Mesh
from gno.models.features.channel import Channel
from gno.models.features.geometry import Geometry
from gno.models.hybrids.learned_upscaling import LearnedUpscaling
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.models.operator.band import Band
from gno.models.operator.build import build, check_vanishing, training_meshes
from gno.models.operator.coarse_cells import check_target
from gno.models.operator.coarse_graph import bind, measure
from gno.models.operator.novelty import Novelty

BOUNDARIES = ("free", "zero", "mask")
"""What a prediction does on the boundary: anything; vanish, linearly with the distance; vanish there alone."""


class Operator(nn.Module):
    r"""A network, the fields it maps, and how it sees a mesh.

    .. math::
        u = T^{-1}\big(G_\theta(T(a), \mathrm{geometry})\big)

    With ``boundary="zero"`` the decoded targets are multiplied by :math:`d / (d + \ell)`, with :math:`d` the distance
    to the boundary and :math:`\ell` half the ``scale`` of the geometry; with ``"mask"`` by 0 on the boundary and 1
    inside. Both are for problems whose targets vanish on the whole boundary.

    Args:
        network: maps a graph with ``x (nodes, in)`` to ``(nodes, out)``.
        inputs: fields that the network sees.
        targets: fields that it returns.
        geometry: levels and geometric features.
        boundary: ``free``, ``zero`` or ``mask``.
        attributes: what to remember of the problem: its name, its options.
        bands: target to error band, as of ``gno.models.calibrate``.
        novelty: how unlike the training a node is, as of ``gno.models.learn_novelty``.

    Raises:
        ConfigError: a network whose widths do not fit the fields, or an unknown ``boundary``.

    Example:
        >>> from gno.datasets import FieldSpec, Normalizer
        >>> from gno.mesh import shapes
        >>> from gno.models import MGKN
        >>> unit = Normalizer((0.0,), (1.0,))
        >>> a = Channel(FieldSpec("a"), unit, (0.0,), (1.0,))
        >>> u = Channel(FieldSpec("u", role="target"), unit, (0.0,), (1.0,))
        >>> geometry = Geometry(dim=2, spacing=(0.3,), radius=(0.2, 0.75))
        >>> operator = Operator(MGKN(3, 1, radius=geometry.radius), [a], [u], geometry)
        >>> mesh = shapes.square(0.2)
        >>> mesh = mesh.with_data({"a": np.ones(mesh.num_points)})
        >>> sorted(operator.predict(mesh).point_data)
        ['a', 'distance_from_training', 'u']
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: Sequence[Channel],
        targets: Sequence[Channel],
        geometry: Geometry,
        *,
        boundary: str = "free",
        attributes: Mapping[str, str | float | int] | None = None,
        bands: Mapping[str, Band] | None = None,
        novelty: Novelty | None = None,
    ) -> None:
        super().__init__()
        self.network, self.inputs, self.targets = network, tuple(inputs), tuple(targets)
        self.geometry, self.boundary, self.attributes = geometry, boundary, dict(attributes or {})
        self.bands, self.novelty = dict(bands or {}), novelty
        if boundary not in BOUNDARIES:
            raise ConfigError(f"boundary {boundary!r} is unknown", why=f"known: {', '.join(BOUNDARIES)}")
        if boundary != "free" and any(channel.normalizer.transform != "none" for channel in self.targets):
            raise ConfigError(f"boundary {boundary!r} with a logarithm of a target", why="it would be infinite there")
        strange = self.bands.keys() - {channel.spec.name for channel in self.targets}
        if strange:
            raise ConfigError(f"there is a band of {min(strange)!r}", why="it is no target")
        if not self.targets:
            raise ConfigError("the operator has no targets", why="a network has to return something")
        bind(network, self.attributes)
        if isinstance(network, LearnedUpscaling):
            check_target(self.targets)
        widths = {"in_channels": self.num_inputs + geometry.num_features, "out_channels": self.num_outputs}
        for name, width in widths.items():
            given = getattr(network, "arguments", widths).get(name, width)
            if given != width:
                raise ConfigError(f"the network has {name}={given}", why=f"fields and features make {width}")

    @classmethod
    def from_dataset(
        cls,
        dataset: MeshDataset,
        model: str = "mgkn",
        *,
        geometry: Geometry | Mapping[str, Any] | None = None,
        boundary: str = "free",
        transforms: Mapping[str, str] | None = None,
        params: Sequence[str] = (),
        **options: Any,
    ) -> Operator:
        """An untrained operator for the fields of a dataset.

        Normalizers and ranges come from its training statistics, lengths from its training meshes.

        Args:
            dataset: any split of it.
            model: name of the network in ``gno.models.MODELS``, in any case.
            geometry: the geometry, or some of its fields and ``levels``; the others follow the training meshes.
            boundary: ``free``, ``zero`` or ``mask``.
            transforms: field or parameter to ``none`` or ``log``; by default ``log`` for positive inputs that span a
                decade.
            params: parameters of the samples that the network sees as well, at every node.
            **options: of the network.

        Raises:
            ConfigError: an unknown model, field, parameter or option, values that cannot be, or ``boundary`` with
                targets that do not vanish there.
            DataError: a dataset without inputs or targets.
        """
        if dataset.in_time:
            raise DataError(
                f"the samples of {dataset.path} are trajectories",
                why="an operator maps fields to fields, without time",
                fix="make a Propagator; give the recipe a section [time]",
            )
        network, inputs, targets, seen = build(dataset, model, geometry, transforms or {}, options, params)
        operator = cls(network, inputs, targets, seen, boundary=boundary, attributes=dataset.attributes)
        check_vanishing(dataset, targets, boundary)
        if isinstance(network, SolverCorrector):
            measure(operator, training_meshes(dataset, 16, params))
        return operator

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the inputs that are parameters: one number for all nodes of a mesh."""
        return tuple(channel.spec.name for channel in self.inputs if channel.per_sample)

    @property
    def num_inputs(self) -> int:
        """Channels of the input fields."""
        return sum(channel.spec.components for channel in self.inputs)

    @property
    def num_outputs(self) -> int:
        """Channels of the targets."""
        return sum(channel.spec.components for channel in self.targets)

    def graph(self, mesh: Mesh, like: MultilevelData | None = None) -> MultilevelData:
        """The graph of a mesh as the network takes it; building it needs no gradient and may be done ahead.

        Args:
            mesh: with the input fields in its point or cell data.
            like: a graph that this operator made of the same mesh with other fields: its levels and edges are taken.

        Returns:
            The attributes of ``MultilevelData``, ``x (nodes, in)``, ``boundary_distance (nodes,)`` and ``is_boundary
            (nodes,)``; ``y (nodes, out)``, encoded, where the mesh has all targets. In the network's type, but
            ``pos`` in double precision: a mesh may stand far from the origin. Where there are parameters also ``params
            (1, parameters)``, physical, in double precision.

        Raises:
            DataError: a mesh of another dimension or without cells, or without an input field.
            MeshError: a cell that is inverted.
        """
        from gno.models.operator.graph import graph_of

        return graph_of(self, mesh, like)

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Encoded targets of a graph, or of a batch of graphs.

        Args:
            graph: made by ``graph``, or a PyG ``Batch`` of such.

        Raises:
            DataError: a graph with another number of levels or channels.
        """
        if "coordinates" in self.geometry.features:
            middle = graph.pos.new_tensor(self.geometry.center or (0.0,) * self.geometry.dim)
            graph = copy.copy(graph)
            place = (graph.pos - middle) / self.geometry.scale
            graph.x = torch.cat([graph.x, place.to(graph.x.dtype)], dim=1)
        out = self.network(graph)
        if self.boundary == "free" or isinstance(self.network, SolverCorrector | LearnedUpscaling):
            return out  # a solver keeps the boundary itself
        mean, std = ([v for c in self.targets for v in getattr(c.normalizer, name)] for name in ("mean", "std"))
        zero = -out.new_tensor(mean) / out.new_tensor(std)  # physical 0 as the network sees it
        return torch.lerp(zero.expand_as(out), out, self.factor(graph.boundary_distance, graph.is_boundary)[:, None])

    def fields(self, encoded: Float[Tensor, "nodes c_out"]) -> dict[str, Tensor]:
        """Physical values of encoded targets.

        Args:
            encoded: of ``forward``, or ``graph.y``.

        Returns:
            Field to values ``(nodes,)``, or ``(nodes, components)`` of more than one component.
        """
        parts = self.decode(encoded).split([channel.spec.components for channel in self.targets], dim=1)
        decoded = {channel.spec.name: part for channel, part in zip(self.targets, parts)}
        return {name: values[:, 0] if values.shape[1] == 1 else values for name, values in decoded.items()}

    def decode(self, encoded: Float[Tensor, "nodes c_out"]) -> Float[Tensor, "nodes c_out"]:
        """Physical values of encoded targets, as one tensor."""
        parts = encoded.split([channel.spec.components for channel in self.targets], dim=1)
        return torch.cat([channel.decode(part) for channel, part in zip(self.targets, parts)], dim=1)

    def factor(
        self, boundary_distance: Float[Tensor, " nodes"], is_boundary: Float[Tensor, " nodes"]
    ) -> Float[Tensor, " nodes"]:
        """What predictions are multiplied by, so that they vanish on the boundary.

        Args:
            boundary_distance: of the nodes.
            is_boundary: 1 on the boundary, else 0.
        """
        if self.boundary == "free":
            return torch.ones_like(boundary_distance)
        if self.boundary == "mask":
            return 1 - is_boundary
        return boundary_distance / (boundary_distance + self.geometry.scale / 2)

    def predict(self, mesh: Mesh, *, strict: bool = False, together: bool = False, band: float | None = None) -> Mesh:
        """The mesh with the targets in its point data and, as means of the corners, in its cell data.

        ``distance_from_training`` is 0 at nodes whose inputs lie in the ranges seen in training, and else the greatest
        distance to them, in standard deviations; a distance to the boundary beyond those seen counts in quarters of
        the greatest one. Nodes that no cell uses get 0 everywhere. A network that corrects a coarse solution gives
        ``is_corrected``, too: where the correction makes the residual of the fine mesh larger, or what a V-cycle would
        still change, it is left out, and this is 0. Of a calibrated operator, ``u_band`` is the half width of the error
        band of ``u`` at each node, as of ``Band``; of a vector, that of its length. ``novelty`` is how unlike those of
        the training a node is, as of ``Novelty``, of an operator that knows.

        Args:
            mesh: with the input fields in its point or cell data.
            strict: whether to refuse what ``outside`` finds.
            together: by all processes of torch's default group, each of which computes a part of the nodes and gets all
                fields: for a mesh that is too large for one.
            band: level of the error bands; 0.9 by default, where the calibration had samples enough.

        Raises:
            DataError: a mesh of another dimension, or without an input field; with ``strict``, one unlike those seen.
            ConfigError: a level of the bands that the operator does not know.
            SolverError: the network gives numbers that are not finite.
        """
        from gno.models.operator.prediction import predict
        from gno.models.operator.ranges import refuse_outside

        if strict:
            refuse_outside(self, mesh)
        return predict(self, mesh, together=together, band=band)

    def outside(self, mesh: Mesh) -> list[str]:
        """One line for each way in which a mesh lies outside what was seen in training: inputs, units, nodes.

        Args:
            mesh: with the input fields in its point or cell data.
        """
        from gno.models.operator.ranges import outside

        return outside(self, mesh)

    def distance_from_training(self, mesh: Mesh) -> Float[np.ndarray, " nodes"]:
        """How far the inputs of each node lie outside the training ranges, as of ``predict``.

        Args:
            mesh: with the input fields.

        Raises:
            DataError: a mesh without an input field.
        """
        from gno.models.operator.prediction import distance_from_training

        return distance_from_training(self, mesh)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file, as of ``gno.models.file``.

        Args:
            path: a ``.safetensors`` file; an old one is replaced when the new one is complete.

        Raises:
            ResourceError: no space, no such folder, or no right to write there.
            ConfigError: a network that is not registered.
        """
        from gno.models.operator.saved import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Operator:
        """Read a model file, without running code from it.

        Args:
            path: a ``.safetensors`` file.

        Raises:
            ModelError: the file is missing, damaged, foreign, of a newer format, or could run code,
                or the model predicts in time.
        """
        from gno.models.operator.saved import load

        return load(path)
