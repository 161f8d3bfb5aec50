"""Where frames stand on a sheet: as large as their meshes are wide and high, in a row or in a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gno.mesh.mesh import Mesh

BAR = 0.11
"""Width of a color bar, in inches."""
GAP = 0.14
"""Between a frame and its color bar, in inches."""
LONGEST, SHORTEST = 2.2, 0.8
"""Sides of frames: at most this many times that of a square, and at least so many inches."""
BAR_ROOM = GAP + BAR + 0.62
"""Of a color bar with its numbers, in inches."""


@dataclass(frozen=True)
class Box:
    """Size of the frame that a mesh needs, in inches.

    Args:
        width: in inches.
        height: in inches.
    """

    width: float
    height: float

    @classmethod
    def of(cls, mesh: Mesh, size: float) -> Box:
        """The frame of a mesh: of the same area whatever its shape, unless that is long and thin.

        Args:
            mesh: the mesh.
            size: side of the frame of a square mesh, in inches.

        Example:
            >>> Box.of(Mesh(np.array([[0.0, 0], [4, 0], [4, 1]]), {"triangle": np.array([[0, 1, 2]])}), 2.0)
            Box(width=4.0, height=1.0)
        """
        if mesh.dim == 3 or not mesh.num_points:
            return cls(size, size)
        return cls.about(np.ptp(mesh.points, axis=0), size)

    @classmethod
    def about(cls, sides: Float[np.ndarray, "2"], size: float) -> Box:
        """The frame of a part of the plane, as of a mesh that fills it.

        Args:
            sides: its width and height.
            size: side of the frame of a square, in inches.
        """
        width, height = np.maximum(sides, 1e-300)
        longest = size * min(float(np.sqrt(max(width / height, height / width))), LONGEST)
        short = max(longest * float(min(width / height, height / width)), SHORTEST)
        return cls(longest, short) if width >= height else cls(short, longest)

    @property
    def is_flat(self) -> bool:
        """Whether frames are better put below each other than beside each other."""
        return self.width > 2.2 * self.height
