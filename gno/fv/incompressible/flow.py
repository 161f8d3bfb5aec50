"""A flow, as a solver returns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.nonlinear.report import Report
from gno.fv.volumes.patches import check_patch

_NEAR = 4
"""Cells per dimension that a point takes its values from."""


@dataclass(frozen=True, eq=False)
class Flow:
    """Velocity and kinematic pressure of an incompressible flow of density one, and what comes of them.

    Args:
        velocity: ``(cells, dim)``.
        pressure: ``(cells,)``; of mean zero where nothing gives it a level.
        velocity_gradient: row ``i`` is the gradient of component ``i`` ``(cells, dim, dim)``.
        pressure_gradient: ``(cells, dim)``.
        mass_flux: ``(faces,)`` out of the owner of each face.
        traction: momentum ``(outer, dim)`` that pressure and friction carry out through each outer face.
        surface_pressure: ``(outer,)`` on the outer faces.
        report: how the solution went.
        patches: name to rows among all faces, of which the outer ones come last.
        centroid: of the cells ``(cells, dim)``.
    """

    velocity: Float[Tensor, "cells dim"]
    pressure: Float[Tensor, " cells"]
    velocity_gradient: Float[Tensor, "cells dim dim"]
    pressure_gradient: Float[Tensor, "cells dim"]
    mass_flux: Float[Tensor, " faces"]
    traction: Float[Tensor, "outer dim"]
    surface_pressure: Float[Tensor, " outer"]
    report: Report
    patches: Mapping[str, Int[Tensor, " _rows"]] = field(repr=False)
    centroid: Float[Tensor, "cells dim"] = field(repr=False)

    @property
    def num_inner(self) -> int:
        """Number of faces between two cells."""
        return len(self.mass_flux) - len(self.surface_pressure)

    def outer(self, patch: str) -> Int[Tensor, " rows"]:
        """Numbers of the faces of a patch among the outer ones.

        Args:
            patch: its name.

        Raises:
            ConfigError: an unknown patch, which lists those there are.
        """
        check_patch(patch, self.patches)
        return self.patches[patch] - self.num_inner

    def probe(self, points: Float[Tensor, "n dim"]) -> tuple[Float[Tensor, "n dim"], Float[Tensor, " n"]]:
        r"""Velocity and pressure at points, exact for quadratic fields whose gradients are.

        .. math::
            u(x) = \sum_k w_k \left[ u_k + \tfrac12 \nabla u_k \cdot (x - x_k) \right], \qquad
            \sum_k w_k = 1, \quad \sum_k w_k x_k = x

        Args:
            points: ``(n, dim)``.

        Raises:
            ConfigError: points of another dimension.
        """
        if points.ndim != 2 or points.shape[1] != self.centroid.shape[1]:
            raise ConfigError(f"points have shape {tuple(points.shape)}", why=f"they are (n, {self.centroid.shape[1]})")
        near = min(_NEAR * points.shape[1], len(self.centroid))
        _, nearest = cKDTree(self.centroid.detach().numpy()).query(points.detach().numpy(), k=[*range(1, near + 1)])
        cell = torch.from_numpy(nearest)
        away = points.to(self.centroid)[:, None] - self.centroid[cell]
        weight = _linear_weights(away)
        velocity = self.velocity[cell] + (self.velocity_gradient[cell] * away[:, :, None]).sum(3) / 2
        pressure = self.pressure[cell] + (self.pressure_gradient[cell] * away).sum(2) / 2
        return (weight[:, :, None] * velocity).sum(1), (weight * pressure).sum(1)


def _linear_weights(away: Float[Tensor, "n near dim"]) -> Float[Tensor, "n near"]:
    """Weights of points that reproduce linear fields where ``away`` is nought; large for the nearest."""
    distance = torch.linalg.vector_norm(away, dim=2, keepdim=True)
    scale = distance.mean(1, keepdim=True).clamp(min=torch.finfo(away.dtype).tiny)
    rows = torch.cat([torch.ones_like(distance), away / scale], 2)
    heavy = rows / ((distance / scale) ** 2 + 1e-2)
    moments = torch.linalg.pinv(rows.mT @ heavy, hermitian=True)
    return (heavy @ moments)[:, :, 0]
