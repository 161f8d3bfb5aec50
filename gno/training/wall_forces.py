"""Forces of a predicted flow on the walls of its mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.mesh import Mesh
from gno.models import Propagator
from gno.problems.registry import family_of
from gno.training.gradient import SimplexGradient
from gno.training.rollouts import Rollout

_AT_REST = 1e-6
"""Of the greatest velocity: nodes slower than that throughout are at rest."""


@dataclass(frozen=True, eq=False)
class WallForces:
    r"""Pressure and friction on the patches of a mesh in the plane, of fields given at the nodes.

    .. math::
        F = \sum_f \Big( \bar p_f \, S_f - \nu \, (\nabla u)_T \cdot S_f \Big)

    with :math:`S_f` out of the fluid, the mean pressure of the nodes of a face, and the constant gradient of the
    simplex :math:`T` behind it. Density is one; the force is that on a unit of depth.

    Args:
        gradient: of the mesh.
        faces: patch to nodes ``(faces, 2)``.
        behind: patch to the simplex ``(faces,)`` behind each.
        area: patch to :math:`S_f` ``(faces, 2)``.
    """

    gradient: SimplexGradient
    faces: Mapping[str, Int[Tensor, "faces 2"]]
    behind: Mapping[str, Int[Tensor, " faces"]]
    area: Mapping[str, Float[Tensor, "faces 2"]]

    @classmethod
    def of(cls, mesh: Mesh, patches: list[str]) -> WallForces:
        """The forces on some patches.

        Args:
            mesh: in the plane.
            patches: their names.

        Example:
            >>> from gno.mesh import shapes
            >>> mesh = shapes.square(0.5, kind="structured")
            >>> still = torch.zeros(mesh.num_points, 2, dtype=torch.float64)
            >>> WallForces.of(mesh, ["left"])(still, torch.ones(mesh.num_points, dtype=torch.float64), 1.0)["left"]
            tensor([-1.,  0.], dtype=torch.float64)
        """
        gradient, num = SimplexGradient.of(mesh, torch.float64), mesh.num_points
        corners = gradient.corners.numpy()
        sides = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1)
        keys = sides[:, 0] * num + sides[:, 1]
        order = np.argsort(keys)
        faces, behind, area = {}, {}, {}
        for name in patches:
            nodes = np.sort(mesh.boundary[name], axis=1)
            simplex = order[np.searchsorted(keys, nodes[:, 0] * num + nodes[:, 1], sorter=order)] % len(corners)
            ends = mesh.points[nodes]
            along = ends[:, 1] - ends[:, 0]
            out = np.stack([along[:, 1], -along[:, 0]], axis=1)
            inside = mesh.points[corners[simplex]].mean(axis=1) - ends.mean(axis=1)
            out *= -np.sign((out * inside).sum(axis=1, keepdims=True))
            faces[name], behind[name], area[name] = (torch.from_numpy(a) for a in (nodes, simplex, out))
        return cls(gradient, faces, behind, area)

    def __call__(
        self, velocity: Float[Tensor, "nodes 2"], pressure: Float[Tensor, " nodes"], viscosity: float
    ) -> dict[str, Float[Tensor, "2"]]:
        """Force on each patch.

        Args:
            velocity: at the nodes.
            pressure: at the nodes, over the density.
            viscosity: kinematic.
        """
        slopes, result = self.gradient(velocity), {}
        for name, nodes in self.faces.items():
            friction = torch.einsum("fij,fi->fj", slopes[self.behind[name]], self.area[name])
            result[name] = (pressure[nodes].mean(dim=1)[:, None] * self.area[name] - viscosity * friction).sum(dim=0)
        return result


@dataclass(frozen=True, eq=False)
class ForceCurves:
    """Force on a wall at each instant.

    Args:
        truth: of the data ``(instants, 2)``.
        prediction: of the model ``(instants, 2)``.
    """

    truth: Float[np.ndarray, "instants 2"]
    prediction: Float[np.ndarray, "instants 2"]

    @property
    def error(self) -> float:
        """Root mean square of the difference after the first instant, over that of the truth."""
        return _relative(self.prediction[1:], self.truth[1:])

    @property
    def by_axis(self) -> dict[str, float]:
        """The same of each component: of drag and lift, where the flow comes along x."""
        return {axis: _relative(self.prediction[1:, i], self.truth[1:, i]) for i, axis in enumerate("xy")}


def _relative(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(found - truth)) / (float(np.linalg.norm(truth)) or 1.0)


def viscosity_of(params: Mapping[str, float], attributes: Mapping[str, Any]) -> float | None:
    """The viscosity of a trajectory: its parameter, an attribute of the dataset, or an option of the problem.

    Args:
        params: of the trajectory.
        attributes: of the dataset.

    Example:
        >>> viscosity_of({}, {"viscosity": 0.1}), viscosity_of({}, {})
        (0.1, None)
    """
    known = params.get("viscosity", attributes.get("viscosity"))
    found = getattr(family_of(attributes), "viscosity", None) if known is None else known
    return None if found is None else float(found)


def forces_of(
    propagator: Propagator, mesh: Mesh, rollouts: Mapping[str, Rollout], viscosity: float | None
) -> dict[str, dict[str, ForceCurves]]:
    """Forces on the walls: the patches where the true velocity is zero throughout.

    Args:
        propagator: whose states they are.
        mesh: of the trajectory.
        rollouts: of each method, of one and the same truth.
        viscosity: kinematic.

    Returns:
        of each method, patch to its forces; none without a viscosity, velocity, pressure or wall, nor in space.
    """
    widths = {channel.spec.name: channel.spec.components for channel in propagator.states}
    if viscosity is None or mesh.dim != 2 or widths.get("velocity") != 2 or widths.get("pressure") != 1:
        return {method: {} for method in rollouts}
    truth = propagator.fields(next(iter(rollouts.values())).truth.double())
    speed = truth["velocity"].norm(dim=2).amax(dim=0).numpy()
    walls = [name for name, nodes in mesh.boundary.items() if speed[nodes].max() <= _AT_REST * speed.max()]
    force = WallForces.of(mesh, walls)

    def curves(fields: Mapping[str, Tensor]) -> dict[str, Float[np.ndarray, "instants 2"]]:
        found = [force(u, p, viscosity) for u, p in zip(fields["velocity"], fields["pressure"])]
        return {name: np.stack([one[name].numpy() for one in found]) for name in walls}

    true = curves(truth)
    found = {method: curves(propagator.fields(one.prediction.double())) for method, one in rollouts.items()}
    return {method: {name: ForceCurves(true[name], part[name]) for name in walls} for method, part in found.items()}
