"""What flows through the outer faces: of pressure alone through walls, else into the gas beyond."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.fv.boundary.conditions import FarField, Inlet, PressureOutlet, StagnationInlet
from gno.fv.compressible.boundary import WALLS, Outside
from gno.fv.compressible.gas import Conserved, Gas, dot
from gno.fv.compressible.roe import roe


def boundary_flux(
    boundary: Mapping[type, Int[Tensor, " rows"]],
    u: Conserved,
    outside: Outside,
    area: Float[Tensor, "outer dim"],
    heat_ratio: float,
) -> Conserved:
    r"""Flux out through every outer face: of pressure alone through walls, else Roe's into what lies outside.

    Waves that leave take their values from inside and those that come in from outside, so a condition that says less
    than the flow needs, as an outlet where the flow is supersonic, is not asked.

    Args:
        boundary: outer faces of each kind of condition.
        u: what is conserved, at the outer faces ``(..., outer, dim + 2)``.
        outside: what is given.
        area: ``S (outer, dim)``.
        heat_ratio: :math:`\gamma`.
    """
    gas = Gas.of(u, heat_ratio)
    nothing = torch.zeros_like(gas.density)[..., None]
    flux = torch.cat([nothing, gas.pressure[..., None] * area, nothing], -1)
    for rows, inside, there in beyond(boundary, gas, outside, area, heat_ratio):
        flux = flux.index_copy(-2, rows, roe(inside, there, area[rows], heat_ratio))
    return flux


def beyond(
    boundary: Mapping[type, Int[Tensor, " rows"]],
    gas: Gas,
    outside: Outside,
    area: Float[Tensor, "outer dim"],
    heat_ratio: float,
) -> Iterator[tuple[Int[Tensor, " rows"], Gas, Gas]]:
    r"""Outer faces of each kind that gas flows through, and the gas on their two sides.

    Args:
        boundary: outer faces of each kind of condition.
        gas: inside, at the outer faces.
        outside: what is given.
        area: ``S (outer, dim)``.
        heat_ratio: :math:`\gamma`.
    """
    for kind, rows in boundary.items():
        if not issubclass(kind, WALLS):
            inside, given = _pick(gas, rows), Outside(*_pick_all(outside, rows))
            yield rows, inside, _BEYOND[kind](inside, given, area[rows], heat_ratio)


def _far(_inside: Gas, outside: Outside, _area: Tensor, _heat_ratio: float) -> Gas:
    return Gas.unpacked(outside.far)


def _inlet(inside: Gas, outside: Outside, _area: Tensor, _heat_ratio: float) -> Gas:
    """The pressure comes from inside."""
    return Gas(outside.density, outside.velocity, inside.pressure)


def _stagnation(inside: Gas, outside: Outside, area: Tensor, heat_ratio: float) -> Gas:
    """Energy and entropy are given, and the wave of sound that leaves is kept."""
    g, normal = heat_ratio - 1, area / dot(area, area).sqrt()[:, None]
    leaving = dot(inside.velocity, normal) + 2 * inside.sound_speed(heat_ratio) / g
    still2 = heat_ratio * outside.pressure / outside.density
    slant = dot(outside.velocity, normal)
    a, b, c = 1 + g / 2 * slant**2, -g * slant * leaving, g / 2 * leaving**2 - 2 * still2 / g
    speed = (-b + (b**2 - 4 * a * c).clamp(min=0).sqrt()) / (2 * a)
    warm = 1 - g / 2 * speed**2 / still2
    warm = warm.clamp(min=1e-3)
    density, pressure = outside.density * warm ** (1 / g), outside.pressure * warm ** (heat_ratio / g)
    return Gas(density, speed[..., None] * outside.velocity, pressure)


def _outlet(inside: Gas, outside: Outside, area: Tensor, heat_ratio: float) -> Gas:
    """Entropy and the wave of sound that leaves come from inside."""
    normal = area / dot(area, area).sqrt()[:, None]
    density = inside.density * (outside.pressure / inside.pressure) ** (1 / heat_ratio)
    sound = (heat_ratio * outside.pressure / density).sqrt()
    faster = 2 / (heat_ratio - 1) * (inside.sound_speed(heat_ratio) - sound)
    return Gas(density, inside.velocity + faster[..., None] * normal, outside.pressure.expand_as(density))


_BEYOND = {FarField: _far, Inlet: _inlet, StagnationInlet: _stagnation, PressureOutlet: _outlet}


def _pick(gas: Gas, rows: Tensor) -> Gas:
    return Gas(*_pick_all(gas, rows))


def _pick_all(tensors: Gas | Outside, rows: Tensor) -> list[Tensor]:
    """Rows of tensors: velocities, and whole states, have one more axis behind that of the rows."""
    axis = tensors[2].ndim - 1 if isinstance(tensors, Gas) else tensors.pressure.ndim - 1
    return [t.index_select(axis, rows) for t in tensors]
