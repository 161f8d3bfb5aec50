"""The C-mesh: quads around an airfoil and along its wake."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Complex, Float

from gno.mesh.mesh import Mesh
from gno.mesh.shapes.airfoil import Airfoil
from gno.mesh.shapes.airfoil_o import check_airfoil
from gno.mesh.shapes.block import block
from gno.mesh.shapes.conformal import ConformalMap
from gno.mesh.shapes.stretching import bisect, check_spacing, first_step, geometric

_CLUSTERED = 0.75
"""How much the cells crowd towards the trailing edge, from not at all (0) to as much as those of an O-mesh (1)."""
_SMOOTH = 0.06
"""Part of the wake, from the trailing edge, along which its cells only begin to open up."""


def airfoil_c(
    airfoil: Airfoil,
    *,
    around: int = 128,
    outward: int = 48,
    wake: int = 48,
    far_field: float = 20.0,
    wall_spacing: float | None = None,
) -> Mesh:
    r"""Quads around an airfoil and along its wake, with the patches ``airfoil`` and ``farfield``.

    With :math:`\zeta` outside the circle that is the airfoil, the trailing edge at 1, lines of constant
    :math:`\xi` and :math:`\eta` in

    .. math::
        \xi + i \eta = \sqrt{\zeta} + 1 / \sqrt{\zeta}

    are confocal parabolas about the airfoil and its wake, which lie on :math:`\eta = 0`: they meet at right angles. The
    far field is nowhere nearer to the middle of the chord than ``far_field``, up to the cells' length.

    Args:
        airfoil: one with a sharp trailing edge.
        around: cells along the airfoil.
        outward: cells from the airfoil and the wake to the far field.
        wake: cells from the trailing edge to the far field, on either side of the wake.
        far_field: distance upstream and downstream, in chords; it is twice as far above and below the outlet.
        wall_spacing: height of the highest cell on the airfoil, in chords: the others are lower as they are shorter.
            From there the steps grow by a constant ratio. By default the cells are about as high as long.

    Raises:
        ConfigError: a blunt trailing edge, or a number or length that cannot be.
        MeshError: an airfoil that cannot be mapped to a circle.

    Example:
        >>> from gno.mesh.shapes import naca
        >>> airfoil_c(naca("0012"), around=32, outward=16, wake=12)
        Mesh(2-D, 956 points, 896 quad; boundary: airfoil (32), farfield (88))
    """
    check_airfoil(airfoil, far_field, wall_spacing, around=(around, 8), outward=(outward, 2), wake=(wake, 2))
    outside = ConformalMap(airfoil)
    part = np.arange(around + 1) / around
    xi = 2 * (_CLUSTERED * np.cos(np.pi * part) + (1 - _CLUSTERED) * (1 - 2 * part))
    angle = 2 * np.arccos(np.clip(xi / 2, -1, 1))
    wall = outside.wall(angle) @ [1, 1j]
    ahead, behind = (_reach(outside, direction, far_field * airfoil.chord) for direction in (1j, 1 + 0j))
    steps = geometric(float(xi[0] - xi[1]), behind - 2, wake)[1:]
    even = eta = geometric(min(4 / around, ahead / outward), ahead, outward)
    if wall_spacing is not None:
        height = wall_spacing * airfoil.chord
        first = first_step(lambda eta: _parabolic(outside, xi + 1j * eta), wall, height, ahead)
        check_spacing(wall_spacing, first, ahead, outward)
        eta = geometric(first, ahead, outward)
    xi = np.concatenate([2 + steps[::-1], xi, -2 - steps])
    behind_edge = np.clip((abs(xi) - 2) / (behind - 2), 0, 1)  # thin cells on the airfoil open up along the wake
    open_ = (1 + _SMOOTH) * behind_edge**2 / (behind_edge + _SMOOTH)
    z = _parabolic(outside, xi + 1j * (eta[:, None] + open_ * (even - eta)[:, None]))
    z[0, wake : wake + around + 1] = wall
    return _folded(z, wake)


def _parabolic(outside: ConformalMap, s: Complex[np.ndarray, "..."]) -> Complex[np.ndarray, "..."]:
    """Points at ``s = sqrt(zeta) + 1 / sqrt(zeta)`` in the upper half-plane."""
    root = (s + np.sqrt(s - 2) * np.sqrt(s + 2)) / 2  # the cut of this product lies on the airfoil, as it should
    return outside(2 * np.log(abs(root)), 2 * np.angle(root))


def _reach(outside: ConformalMap, direction: complex, distance: float) -> float:
    """How far to go in a direction of the half-plane to be so far from the airfoil."""
    middle = complex(*outside.airfoil.middle)
    far = np.full(1, 20 + 4 * distance / outside.airfoil.chord)

    def near(r: Float[np.ndarray, " 1"]) -> Bool[np.ndarray, " 1"]:
        return abs(_parabolic(outside, r * direction + 0j) - middle) < distance

    return float(bisect(near, np.full(1, 2.0), far)[0])


def _folded(z: Complex[np.ndarray, "levels lines"], wake: int) -> Mesh:
    """The block folded along the wake, whose two sides are one line of nodes."""
    node = np.arange(z.size).reshape(len(z), -1)
    node[0, -wake - 1 :] = node[0, wake::-1]
    outer = np.concatenate([node[-1], node[-2::-1, -1], node[1:, 0]])
    return block(z, node, {"airfoil": node[0, wake : node.shape[1] - wake][::-1], "farfield": outer})
