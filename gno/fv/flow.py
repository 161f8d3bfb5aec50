"""A flow, as a solver returns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.patches import check_patch
from gno.fv.report import Report


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
        """Velocity and pressure at points, linear about the nearest cell.

        Args:
            points: ``(n, dim)``.

        Raises:
            ConfigError: points of another dimension.
        """
        if points.ndim != 2 or points.shape[1] != self.centroid.shape[1]:
            raise ConfigError(f"points have shape {tuple(points.shape)}", why=f"they are (n, {self.centroid.shape[1]})")
        _, nearest = cKDTree(self.centroid.detach().numpy()).query(points.detach().numpy())
        cell = torch.from_numpy(nearest)
        away = points.to(self.centroid) - self.centroid[cell]
        velocity = self.velocity[cell] + (self.velocity_gradient[cell] * away[:, None]).sum(2)
        return velocity, self.pressure[cell] + (self.pressure_gradient[cell] * away).sum(1)
