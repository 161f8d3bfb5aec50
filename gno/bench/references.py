"""What is known of two flows that everybody computes: the lid-driven cavity, and a cylinder in a channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

_Y = "9766 9688 9609 9531 8516 7344 6172 5000 4531 2813 1719 1016 0703 0625 0547"
_X = "9688 9609 9531 9453 9063 8594 8047 5000 2344 2266 1563 0938 0781 0703 0625"
_U = {
    100: "84123 78871 73722 68717 23151 00332 -13641 -20581 -21090 -15662 -10150 -06434 nan -04192 -03717",
    400: "75837 68439 61756 55892 29093 16256 02135 -11477 -17119 -32726 -24299 -14612 -10338 -09266 -08186",
    1000: "65928 57492 51117 46604 33304 18719 05702 -06080 -10648 -27805 -38289 -29730 -22220 -20196 -18109",
}
_V = {
    100: "-05906 -07391 -08864 -10313 -16914 -22445 -24533 05454 17527 17507 16077 12317 10890 10091 09233",
    400: "-12146 -15663 -19254 -22847 nan -44993 -38598 05186 30174 30203 28124 22965 20920 19713 18360",
    1000: "-21388 -27669 -33714 -39188 -51550 -42665 -31966 02526 32235 33075 37095 32627 30353 29012 27485",
}


class Profile(NamedTuple):
    """A component of the velocity along a center line of the unit square.

    Args:
        place: coordinate along the line.
        velocity: the component across it, in speeds of the lid; nan where the table is misprinted.
    """

    place: Float[Tensor, " n"]
    velocity: Float[Tensor, " n"]

    @classmethod
    def of(cls, place: str, velocity: str) -> Profile:
        """From the digits behind the point.

        Args:
            place: four digits each.
            velocity: five digits each.
        """
        digits = ([float(number) for number in line.split()] for line in (place, velocity))
        of_place, of_velocity = (torch.tensor(numbers, dtype=torch.float64) for numbers in digits)
        return cls(of_place / 1e4, of_velocity / 1e5)


GHIA = {reynolds: (Profile.of(_Y, _U[reynolds]), Profile.of(_X, _V[reynolds])) for reynolds in _U}
"""By Reynolds number: u on the vertical line, v on the horizontal one. Source: Ghia, Ghia and Shin 1982,
J. Comput. Phys. 48, 387."""
EXTREMES = (-0.2140424, -0.2538030, 0.1795728)
"""At Reynolds number 100: least u, least v, greatest v. Source: Botella and Peyret 1998, Computers & Fluids 27, 421."""
CYLINDER: Mapping[str, float] = {"drag": 5.57953523384, "lift": 0.010618948146, "pressure": 0.11752016697}
"""Coefficients, and the difference of pressure between front and back, of case 2D-1 (Reynolds number 20). Source:
Schaefer and Turek 1996, Benchmark computations of laminar flow around a cylinder; digits of www.featflow.de."""
STREET: Mapping[str, float] = {"strouhal": 0.30, "drag": 3.23, "lift": 1.0}
"""Strouhal number, largest drag and largest lift of case 2D-2 (Reynolds number 100): the middle of the bounds .295 to
.305, 3.22 to 3.24 and .99 to 1.01. Source: Schaefer and Turek 1996."""
