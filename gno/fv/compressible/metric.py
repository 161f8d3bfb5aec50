"""What fluxes take of the geometry of a median dual."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from gno.fv.volumes.geometry import Geometry


class Metric(NamedTuple):
    r"""Areas and ways.

    Args:
        area: ``S (inner, dim)``.
        along: from one node to the other ``(inner, dim)``.
        width: :math:`(h / L)^{3/2}` ``(inner,)``, with h the size of the dual cells and L a length of the body.
        outer_area: ``(outer, dim)``.
        outer_way: from the node to where the flux through an outer face is taken ``(outer, dim)``.
        volume: ``(cells,)``.
    """

    area: Float[Tensor, "inner dim"]
    along: Float[Tensor, "inner dim"]
    width: Float[Tensor, " inner"]
    outer_area: Float[Tensor, "outer dim"]
    outer_way: Float[Tensor, "outer dim"]
    volume: Float[Tensor, " cells"]

    @classmethod
    def of(cls, geometry: Geometry, length: float) -> Metric:
        """The metric of a geometry.

        Args:
            geometry: of a median dual.
            length: of the body.
        """
        n, dim = geometry.num_inner, geometry.centroid.shape[1]
        volume = (geometry.volume[geometry.owner[:n]] + geometry.volume[geometry.neighbor]) / 2
        width = (volume ** (1 / dim) / length) ** 1.5
        return cls(geometry.area[:n], geometry.along, width, geometry.area[n:], geometry.to_owner[n:], geometry.volume)
