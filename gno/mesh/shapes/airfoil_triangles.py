"""Unstructured triangles around an airfoil."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.airfoil import Airfoil
from gno.mesh.shapes.airfoil_o import check_extent
from gno.mesh.shapes.delaunay import triangulate
from gno.mesh.shapes.outline import Circle, Curve, Points, Side, Straight
from gno.mesh.shapes.target import GROWTH

_SAMPLES = 2000
_EDGE = 0.25
"""Edges at the trailing and the leading edge, in those at mid-chord, at least."""
_RIM = 20
"""Segments of the far field at least."""


def airfoil_triangles(
    airfoil: Airfoil, *, around: int = 128, far_field: float = 20.0, growth: float = 0.2, seed: int = 0
) -> Mesh:
    r"""Triangles around an airfoil, small at its two edges, with the patches ``airfoil`` and ``farfield``.

    Edges have the target length

    .. math::
        h(x) = \min_s \left[h(s) + g\,|x - x(s)|\right]

    with :math:`h(s)` on the airfoil as if its points were clustered at both edges by a cosine, but no smaller than a
    quarter of that at mid-chord.

    Args:
        airfoil: sharp or blunt.
        around: segments of the airfoil, within some percent.
        far_field: radius of the circle around the middle of the chord, in chords.
        growth: growth :math:`g` of the edge length per distance from the airfoil, 0.02 to 0.25.
        seed: another seed, another mesh.

    Raises:
        ConfigError: a number or length that cannot be.
        MeshError: an outline that cannot be meshed.

    Example:
        >>> from gno.mesh.shapes import naca
        >>> list(airfoil_triangles(naca("0012"), around=40, growth=0.25).boundary)
        ['airfoil', 'farfield']
    """
    check_extent(far_field, around=(around, 8))
    if not 0.02 <= growth <= GROWTH:
        raise ConfigError(f"growth is {growth}", why=f"it lies between 0.02 and {GROWTH}")
    middle = (float(airfoil.middle[0]), float(airfoil.middle[1]))
    rim = Circle("farfield", middle, far_field * airfoil.chord)
    points, sizes = _sizes(airfoil, around, growth)
    tree = cKDTree(points)

    def size(x: np.ndarray) -> np.ndarray:
        away, nearest = tree.query(x)
        return np.asarray(sizes[nearest] + growth * away)

    mesh = triangulate([[rim], _hole(airfoil)], rim.length / _RIM, size=size, seed=seed)
    return Mesh(mesh.points, mesh.cells, {name: mesh.boundary[name] for name in ("airfoil", "farfield")})


def _hole(airfoil: Airfoil) -> list[Side]:
    """The outline clockwise: the curve, and the base of a blunt trailing edge."""
    sides: list[Side] = [Curve("airfoil", lambda t: airfoil.at(1 - t), 8)]
    if not airfoil.sharp:
        (ax, ay), (bx, by) = airfoil.points[[0, -1]].tolist()
        sides.append(Straight("airfoil", (ax, ay), (bx, by)))
    return sides


def _sizes(airfoil: Airfoil, around: int, growth: float) -> tuple[Points, Float[np.ndarray, " n"]]:
    """Edge lengths at points along the airfoil: their growth is limited, and ``around`` of them reach around it."""
    t = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    points = airfoil.at(t)
    steps = np.hypot(*airfoil.slope(t).T) / _SAMPLES
    along = np.where(t < airfoil.nose, t / airfoil.nose, (1 - t) / (1 - airfoil.nose))
    shape = np.maximum(np.sin(np.pi * along), _EDGE) * airfoil.chord * np.pi / around
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    for _ in range(3):  # the limit takes from the count, the scale gives it back
        sizes = (shape + growth * apart).min(1)
        shape = shape * ((steps / sizes).sum() / around)
    return points, (shape + growth * apart).min(1)
