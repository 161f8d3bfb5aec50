"""A channel with a cylinder across it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gno.fv import Condition, Inlet, NoSlip, PressureOutlet
from gno.mesh import Mesh, shapes
from gno.problems.recorded import Held

LENGTH, HEIGHT = 1.6, 0.41
CYLINDER = "cylinder"
"""Patch of the cylinder; the others are ``inlet``, ``outlet`` and ``wall``."""


@dataclass(frozen=True)
class Channel:
    """A channel of 1.6 by 0.41, as in the data of MeshGraphNets, with walls above and below.

    Args:
        x: of the cylinder's center.
        y: of the cylinder's center.
        radius: of the cylinder.
        inflow: mean speed at the inlet.

    Example:
        >>> channel = Channel(0.2, 0.2, 0.05, 1.0)
        >>> list(channel.mesh(300, seed=0).boundary)
        ['wall', 'outlet', 'inlet', 'cylinder']
    """

    x: float
    y: float
    radius: float
    inflow: float

    def finest(self, nodes: int) -> float:
        """Length of edges at the cylinder.

        Args:
            nodes: about how many the mesh is to have.
        """
        return 0.1 * self.radius * self._scale(nodes)

    def mesh(self, nodes: int, seed: int) -> Mesh:
        """Triangles, finest at the cylinder and fine in its wake.

        Args:
            nodes: about how many.
            seed: another seed, another mesh.
        """
        scale = self._scale(nodes)
        wake, far = 0.016 * scale, 0.045 * scale

        def size(x: np.ndarray) -> np.ndarray:
            away = np.hypot(x[:, 0] - self.x, x[:, 1] - self.y) - self.radius
            aside = np.maximum(np.abs(x[:, 1] - self.y) - self.radius, 0)
            behind = np.clip((x[:, 0] - self.x) / 3 + 4 * aside, 0, 1)
            coarse = np.where(x[:, 0] > self.x, wake + (far - wake) * behind, far)
            return np.minimum(self.finest(nodes) + 0.08 * scale * np.maximum(away, 0), coarse)

        corners, names = [(0, 0), (LENGTH, 0), (LENGTH, HEIGHT), (0, HEIGHT)], ["wall", "outlet", "wall", "inlet"]
        hole = (self.x, self.y, self.radius)
        mesh = shapes.polygon(corners, far, holes=[hole], names=names, size=size, seed=seed)
        patches = {CYLINDER if name == "hole_0" else name: facets for name, facets in mesh.boundary.items()}
        return Mesh(mesh.points, mesh.cells, patches)

    @property
    def conditions(self) -> dict[str, Condition]:
        """What holds on each patch."""
        return {"inlet": Inlet(self.profile), "outlet": PressureOutlet(), "*": NoSlip()}

    def profile(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2"]:
        """The parabola of the inflow, at any points."""
        speed = 6 * self.inflow * x[:, 1] * (HEIGHT - x[:, 1]) / HEIGHT**2
        return torch.stack([speed, 0 * speed], 1)

    def start(self, side: float, x: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2"]:
        """The inflow everywhere, with a push to one side behind the cylinder, which starts the vortices.

        Args:
            side: 1 for up, -1 for down.
            x: points.
        """
        place = (x[:, 0] - self.x - 3 * self.radius) ** 2 + (x[:, 1] - self.y) ** 2
        push = 0.3 * side * self.inflow * torch.exp(-place / (2 * self.radius**2))
        return self.profile(x) + torch.stack([0 * push, push], 1)

    def held(self, mesh: Mesh) -> Held:
        """Nodes of the inlet, the walls and the cylinder; walls have the corners.

        Args:
            mesh: of the channel.
        """
        given, walls = nodes_on(mesh, ("inlet", "wall", CYLINDER)), nodes_on(mesh, ("wall", CYLINDER))
        velocity = np.array(self.profile(torch.from_numpy(mesh.points)))
        return Held(given, np.where(walls[:, None], 0.0, velocity))

    @staticmethod
    def _scale(nodes: int) -> float:
        return float(np.sqrt(2150 / nodes))


def nodes_on(mesh: Mesh, patches: Sequence[str]) -> Bool[np.ndarray, " nodes"]:
    """Which nodes lie on some patches.

    Args:
        mesh: of the channel.
        patches: their names.
    """
    return np.isin(np.arange(mesh.num_points), np.concatenate([mesh.boundary[name].ravel() for name in patches]))
