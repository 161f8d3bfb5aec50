"""The O-mesh: quads in rings around an airfoil."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.airfoil import Airfoil
from gno.mesh.shapes.block import block
from gno.mesh.shapes.conformal import ConformalMap
from gno.mesh.shapes.square import check_length
from gno.mesh.shapes.stretching import bisect, check_spacing, first_step, geometric


def airfoil_o(
    airfoil: Airfoil,
    *,
    around: int = 128,
    outward: int = 64,
    far_field: float = 20.0,
    wall_spacing: float | None = None,
) -> Mesh:
    """Quads in rings around an airfoil, with the patches ``airfoil`` and ``farfield``.

    Rings and rays are the conformal image of circles and radii: they meet at right angles, and the nodes on the
    airfoil are close where its curvature is large. ``airfoil_o(a, around=n, outward=n, far_field=150)`` has nearly
    square cells for any ``n``.

    Source: Vassberg and Jameson 2010, J. Aircraft 47, 1152, for the mesh without ``wall_spacing``.

    Args:
        airfoil: one with a sharp trailing edge.
        around: cells along the airfoil.
        outward: cells from the airfoil to the far field.
        far_field: radius of the circle around the middle of the chord, in chords.
        wall_spacing: height of the highest cell on the airfoil, in chords: the others are lower as they are shorter.
            From there the steps in the logarithm of the radius grow by a constant ratio; by default they are even.

    Raises:
        ConfigError: a blunt trailing edge, or a number or length that cannot be.
        MeshError: an airfoil that cannot be mapped to a circle.

    Example:
        >>> from gno.mesh.shapes import naca
        >>> airfoil_o(naca("0012"), around=32, outward=16)
        Mesh(2-D, 544 points, 512 quad; boundary: airfoil (32), farfield (32))
    """
    check_airfoil(airfoil, far_field, wall_spacing, around=(around, 8), outward=(outward, 2))
    outside = ConformalMap(airfoil)
    angle = 2 * np.pi * np.arange(around) / around
    wall = outside.wall(angle) @ [1, 1j]
    rim = _rim(outside, angle, far_field * airfoil.chord)
    part, end = np.linspace(0, 1, outward + 1), float(rim.mean())
    if wall_spacing is not None:
        first = first_step(lambda rho: outside(rho, angle), wall, wall_spacing * airfoil.chord, end)
        step, reach = np.expm1(first), np.expm1(end)  # circles in space lie at exp(rho): it is there that steps grow
        check_spacing(wall_spacing, step, reach, outward)
        part = np.log1p(geometric(step, reach, outward)) / end
    rho = end * part[:, None] + (rim - end) * part[:, None] ** 3  # circles near the airfoil as well as at the far field
    z = outside(rho, angle)
    z[0] = wall
    node = np.arange(z.size).reshape(z.shape)
    node = np.concatenate([node, node[:, :1]], axis=1)
    return block(z, node, {"airfoil": node[0, ::-1], "farfield": node[-1]})


def check_airfoil(airfoil: Airfoil, far_field: float, wall_spacing: float | None, **counts: tuple[int, int]) -> None:
    """Refuse what no block of quads can surround: counts are given with the fewest."""
    if not airfoil.sharp:
        raise ConfigError(
            f"the trailing edge of {airfoil.name} is blunt",
            why="quads are laid around a sharp one",
            fix="take airfoil.sharpened(), or airfoil_triangles",
        )
    check_extent(far_field, **counts)
    if wall_spacing is not None:
        check_length("wall_spacing", wall_spacing)


def check_extent(far_field: float, **counts: tuple[int, int]) -> None:
    """Refuse too few cells, and a far field that would touch the airfoil."""
    for name, (count, fewest) in counts.items():
        if count < fewest:
            raise ConfigError(f"{name} is {count}", why=f"it must be {fewest} or more")
    if not (np.isfinite(far_field) and far_field >= 2):
        raise ConfigError(f"far_field is {far_field}", why="it is 2 or more chords away", fix="take 20 or 100")


def _rim(outside: ConformalMap, angle: Float[np.ndarray, " rays"], radius: float) -> Float[np.ndarray, " rays"]:
    """Where the rays meet the circle of the far field."""
    middle = complex(*outside.airfoil.middle)
    low, high = np.zeros(len(angle)), np.full(len(angle), 4 + np.log(radius / outside.airfoil.chord))
    return bisect(lambda rho: abs(outside(rho, angle) - middle) < radius, low, high)
