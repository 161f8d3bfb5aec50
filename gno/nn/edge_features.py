"""What the kernel sees of an edge: where its ends lie, how far apart, and the inputs at both."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.ops.period import minimum_image

GEOMETRIES = ("relative", "absolute", "both")
"""Offsets and distances (invariant under translation), coordinates of both ends (as in the papers), or both."""


def num_edge_features(dim: int, channels: int, geometry: str = "relative") -> int:
    """Number of features that ``edge_features`` makes.

    Args:
        dim: dimension of the space.
        channels: channels of the inputs at one end.
        geometry: ``relative``, ``absolute`` or ``both``.

    Raises:
        ConfigError: an unknown geometry.

    Example:
        >>> num_edge_features(2, 1), num_edge_features(2, 1, "absolute")
        (5, 6)
    """
    if geometry not in GEOMETRIES:
        raise ConfigError(f"edge geometry {geometry!r} is unknown", why=f"known: {', '.join(GEOMETRIES)}")
    return (dim + 1) * (geometry != "absolute") + 2 * dim * (geometry != "relative") + 2 * channels


def edge_features(
    edge_index: Int[Tensor, "2 edges"],
    position: tuple[Float[Tensor, "sources dim"], Float[Tensor, "targets dim"]],
    radius: float,
    inputs: tuple[Float[Tensor, "sources c"], Float[Tensor, "targets c"]],
    *,
    geometry: str = "relative",
    period: Sequence[float] = (),
) -> Float[Tensor, "edges features"]:
    r"""Features of the edges from sources to targets.

    .. math::
        e_{ij} = \Big(\frac{x_j - x_i}{r},\; \frac{|x_j - x_i|}{r},\; [x_j,\; x_i,]\; a_j,\; a_i\Big)

    Args:
        edge_index: ``[source; target]``.
        position: coordinates of sources and targets, in any precision.
        radius: length ``r`` that offsets are measured in, the same on every mesh.
        inputs: input channels ``a`` of sources and targets; the features have their type.
        geometry: ``relative``, ``absolute`` or ``both``.
        period: length of the periodic box along each axis, 0 where it is not periodic: offsets are to the nearest
            image; empty where nothing is periodic.

    Raises:
        ConfigError: an unknown geometry, a period that cannot be, or a radius that is not positive.
        DataError: inputs of different widths.

    Example:
        >>> x, a = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[7.0], [8.0]])
        >>> edge_features(torch.tensor([[1], [0]]), (x, x), 10.0, (a, a))
        tensor([[0.3000, 0.4000, 0.5000, 8.0000, 7.0000]])
    """
    if not radius > 0:
        raise ConfigError(f"radius is {radius}", why="offsets are divided by it")
    if inputs[0].shape[1] != inputs[1].shape[1]:
        raise DataError(f"sources have {inputs[0].shape[1]} inputs, targets {inputs[1].shape[1]}")
    num_edge_features(position[0].shape[1], 1, geometry)
    source, target = edge_index
    start, end = position[0][source], position[1][target]
    parts = []
    if geometry != "absolute":
        offset = minimum_image(start - end, period or None) / radius
        parts += [offset, offset.norm(dim=1, keepdim=True)]
    if geometry != "relative":
        parts += [start, end]
    # Coordinates may be more precise than inputs: far from the origin only their differences may be rounded.
    values = [part.to(inputs[0].dtype) for part in parts]
    return torch.cat([*values, inputs[0][source], inputs[1][target]], dim=1)
