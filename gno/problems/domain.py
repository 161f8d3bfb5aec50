"""Random domains: families of shapes about one unit wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gno.errors import ConfigError
from gno.mesh import Mesh, shapes


@dataclass(frozen=True, eq=False)
class Domain:
    """A shape that can be meshed at any edge length.

    Args:
        family: the family it was drawn from.
        area: its area.
        perimeter: length of its boundary, holes included.
        mesh: edge length to mesh.
        side: side of a square that begins at the origin; 0 for other shapes.
    """

    family: str
    area: float
    perimeter: float
    mesh: Callable[[float], Mesh]
    side: float = 0.0

    def edge_length(self, num_points: int) -> float:
        r"""The edge length of a mesh of about so many nodes.

        A node in the middle of equilateral triangles takes the area :math:`\sqrt 3 / 2 \, h^2`, one on the boundary
        half of it:

        .. math::
            N = \frac{2}{\sqrt 3} \frac{A}{h^2} + \frac{L}{2 h}

        Args:
            num_points: ``N``.
        """
        linear = self.perimeter / 2
        root = np.sqrt(linear**2 + 8 / np.sqrt(3) * num_points * self.area)
        return float((linear + root) / (2 * num_points))


def draw_domain(family: str, rng: np.random.Generator) -> Domain:
    """A random domain of a family.

    Args:
        family: one of ``FAMILIES``.
        rng: source of the random numbers.

    Example:
        >>> domain = draw_domain("square", np.random.default_rng(0))
        >>> bool(0.8 <= domain.side <= 1.2)
        True
    """
    return FAMILIES[family](rng)


def check_families(families: Sequence[str], held_out: Sequence[str]) -> None:
    """Refuse families that there are not, and no family at all.

    Args:
        families: of all samples.
        held_out: of test samples alone.

    Raises:
        ConfigError: an unknown family, or no ``families``.
    """
    unknown = [family for family in (*families, *held_out) if family not in FAMILIES]
    if unknown or not families:
        what = f"shape {unknown[0]!r} is unknown" if unknown else "shapes is empty"
        raise ConfigError(what, why=f"known: {', '.join(FAMILIES)}")


def _square(rng: np.random.Generator) -> Domain:
    side = rng.uniform(0.8, 1.2)
    return Domain("square", side**2, 4 * side, partial(shapes.square, side=side, seed=_seed(rng)), side)


def _l_shape(rng: np.random.Generator) -> Domain:
    side, notch = rng.uniform(0.9, 1.3), rng.uniform(0.3, 0.6, 2)
    area = side**2 * float(1 - notch.prod())
    build = partial(shapes.l_shape, side=side, notch=(float(notch[0]), float(notch[1])), seed=_seed(rng))
    return Domain("l_shape", area, 4 * side, build)


def _square_with_holes(rng: np.random.Generator) -> Domain:
    side, holes = rng.uniform(0.9, 1.2), list[tuple[float, float, float]]()
    wanted = int(rng.integers(1, 4))
    while len(holes) < wanted:
        r = rng.uniform(0.08, 0.16)
        x, y = rng.uniform(r + 0.1, side - r - 0.1, 2)
        if all(np.hypot(x - hole[0], y - hole[1]) > r + hole[2] + 0.1 for hole in holes):
            holes.append((float(x), float(y), float(r)))
    radii = np.array([r for _, _, r in holes])
    build = partial(shapes.square_with_holes, holes=holes, side=side, seed=_seed(rng))
    area, perimeter = side**2 - np.pi * (radii**2).sum(), 4 * side + 2 * np.pi * radii.sum()
    return Domain("square_with_holes", float(area), float(perimeter), build)


def _polygon(rng: np.random.Generator) -> Domain:
    count = int(rng.integers(4, 10))
    # Angles that stay apart and radii within a factor of two: seen from the center the whole polygon is in view, and
    # no corner is thinner than a mesh of some hundred nodes can follow.
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(-0.25, 0.25, count)) / count + rng.uniform(0, 2 * np.pi)
    radius = rng.uniform(0.42, 0.8, count)
    corners = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    after = np.roll(corners, -1, axis=0)
    area = float((corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]).sum() / 2)
    perimeter = float(np.linalg.norm(after - corners, axis=1).sum())
    return Domain("polygon", area, perimeter, partial(shapes.polygon, corners, seed=_seed(rng)))


def _disk(rng: np.random.Generator) -> Domain:
    radius = rng.uniform(0.45, 0.65)
    return Domain("disk", np.pi * radius**2, 2 * np.pi * radius, partial(shapes.disk, radius=radius, seed=_seed(rng)))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


FAMILIES: dict[str, Callable[[np.random.Generator], Domain]] = {
    "square": _square,
    "l_shape": _l_shape,
    "square_with_holes": _square_with_holes,
    "polygon": _polygon,
    "disk": _disk,
}
"""Name of a family to the function that draws from it."""
