"""What may hold on a patch of the boundary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

Value = float | int | Sequence[float] | np.ndarray | Tensor | Callable[[Any], Any]
"""A number, a vector, an array or tensor with a value per face of the patch, or a function of points ``(n, dim)``."""


@dataclass(frozen=True, eq=False)
class Dirichlet:
    r"""The field is given: :math:`u = g`.

    Args:
        value: ``g``; an array has one value per face of the patch, a function takes points ``(n, dim)``.

    Example:
        >>> Dirichlet(lambda points: points[:, 0])  # doctest: +ELLIPSIS
        Dirichlet(value=<function ...>)
    """

    value: Value = 0.0


@dataclass(frozen=True, eq=False)
class Neumann:
    r"""The flux is given: :math:`a \, \partial u / \partial n = q` with the normal out of the domain.

    Of a field that diffuses from high to low values, positive ``q`` flows in; zero is an impermeable wall.

    Args:
        flux: ``q``; an array has one value per face of the patch, a function takes points ``(n, dim)``.

    Example:
        >>> Neumann()
        Neumann(flux=0.0)
    """

    flux: Value = 0.0


@dataclass(frozen=True, eq=False)
class Robin:
    r"""The flux grows with the difference to a value outside: :math:`a \, \partial u / \partial n = h \, (g - u)`.

    A large ``h`` is ``Dirichlet(g)``; zero is an impermeable wall.

    Args:
        transfer: ``h >= 0``, as of the heat transfer to a fluid.
        value: ``g``.

    Example:
        >>> Robin(10.0, 20.0)
        Robin(transfer=10.0, value=20.0)
    """

    transfer: Value
    value: Value = 0.0


@dataclass(frozen=True, eq=False)
class NoSlip:
    """A wall to which the fluid sticks.

    Args:
        velocity: of the wall: 0, a vector ``(dim,)``, one per face ``(n, dim)``, or a function of points.

    Example:
        >>> NoSlip()
        NoSlip(velocity=0.0)
    """

    velocity: Value = 0.0


@dataclass(frozen=True, eq=False)
class IsothermalWall:
    """A wall to which a gas sticks, and which has a temperature; through ``NoSlip`` no heat flows.

    Args:
        temperature: over that of the free stream: number, one per face of the patch, or a function of points.
        velocity: of the wall: 0, a vector ``(dim,)``, one per face ``(n, dim)``, or a function of points.

    Example:
        >>> IsothermalWall(1.2)
        IsothermalWall(temperature=1.2, velocity=0.0)
    """

    temperature: Value = 1.0
    velocity: Value = 0.0


@dataclass(frozen=True, eq=False)
class Slip:
    r"""A wall without friction: :math:`v \cdot n = 0`, and no tangential stress.

    Example:
        >>> Slip()
        Slip()
    """


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A plane of mirror symmetry: no flux of a scalar, and slip for a velocity.

    Example:
        >>> Symmetry()
        Symmetry()
    """


@dataclass(frozen=True, eq=False)
class Inlet:
    """The velocity is given where fluid comes in.

    Args:
        velocity: a speed along the normal into the domain, a vector ``(dim,)``, one of either per face, or a function
            of points ``(n, dim)`` that returns one of these.
        density: of a gas; that of the free stream without it.

    Example:
        >>> Inlet(1.5)
        Inlet(velocity=1.5, density=None)
    """

    velocity: Value
    density: Value | None = None


@dataclass(frozen=True, eq=False)
class FarField:
    """A gas flows by undisturbed: waves that come in carry the free stream, and those that leave are let out.

    Where the gas comes in faster than sound all of it is given, and where it leaves so nothing is.

    Args:
        vortex: whether the body's own lift swirls what lies outside, as far from one in an endless stream slower than
            sound: then its lift hardly depends on how far away the boundary is.

    Example:
        >>> FarField(vortex=True)
        FarField(vortex=True)
    """

    vortex: bool = False


@dataclass(frozen=True, eq=False)
class StagnationInlet:
    r"""A gas comes from a large vessel: where it would be at rest its pressure and density are given.

    Args:
        pressure: :math:`p_0`: number, one per face of the patch, or a function of points.
        density: :math:`\rho_0`, which is :math:`p_0 / (R T_0)` of the temperature there.
        direction: of the flow, of any length; along the normal into the domain without it.

    Example:
        >>> StagnationInlet(1.0, 1.4)
        StagnationInlet(pressure=1.0, density=1.4, direction=None)
    """

    pressure: Value
    density: Value
    direction: Value | None = None


@dataclass(frozen=True, eq=False)
class PressureOutlet:
    """The pressure is given where fluid leaves; the velocity does not change along the normal.

    Args:
        pressure: number, one per face of the patch, or a function of points ``(n, dim)``.

    Example:
        >>> PressureOutlet()
        PressureOutlet(pressure=0.0)
    """

    pressure: Value = 0.0


@dataclass(frozen=True, eq=False)
class Periodic:
    """What leaves through a face comes in through its image on another patch, a translation of this one.

    Args:
        partner: name of the other patch; naming one of the two is enough.

    Example:
        >>> Periodic("right")
        Periodic(partner='right')
    """

    partner: str


Condition = (
    Dirichlet
    | Neumann
    | Robin
    | NoSlip
    | IsothermalWall
    | Slip
    | Symmetry
    | Inlet
    | FarField
    | StagnationInlet
    | PressureOutlet
    | Periodic
)
