"""Balances of momentum and mass of a steady incompressible flow, in one system."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.boundary.conditions import Inlet, NoSlip, PressureOutlet, Slip, Symmetry
from gno.fv.incompressible.boundary import BoundaryValues, FlowBoundary
from gno.fv.linear.pattern import SparsePattern
from gno.fv.nonlinear.balance import Balance, Slope, State
from gno.fv.reconstruction.extrapolation import Extrapolation
from gno.fv.volumes.geometry import Geometry

DAMPING = 4 / 3
"""Weight of the direct difference in normal derivatives; of fourth order on a uniform grid (Nishikawa 2010)."""
CURVATURE = 1 / 6
"""Weight of the difference of gradients in values on faces; of fourth order, for means over cells of a uniform grid."""


class FaceMetric(NamedTuple):
    r"""What a flux through a face takes of the geometry.

    Args:
        area: ``S (faces, dim)``.
        along: :math:`d` ``(faces, dim)``: to the other cell, or to the center of an outer face.
        over: :math:`a = |S|^2 / (S \cdot d)` of the over-relaxed normal derivative.
        rest: :math:`S - a d`, what of the area a direct difference leaves over.
        weight: ``w`` of the neighbor in the value on the face.
        curve: of the difference of gradients in it.
        skew: from the point with these weights to the center of the face.
        width: :math:`h = V^{1/dim}`.
    """

    area: Float[Tensor, "faces dim"]
    along: Float[Tensor, "faces dim"]
    over: Float[Tensor, " faces"]
    rest: Float[Tensor, "faces dim"]
    weight: Float[Tensor, " faces"]
    curve: Float[Tensor, " faces"]
    skew: Float[Tensor, "faces dim"]
    width: Float[Tensor, " faces"]


class FlowTheta(NamedTuple):
    """Everything that the balances of a flow depend on, beside its state.

    Args:
        viscosity: ``nu``.
        force: body force times volume ``(cells, dim)``.
        pin: what the pressure of a cell adds to its balance of mass, ``(cells,)``.
        boundary: values on the outer faces.
        inner: of the inner faces.
        outer: of the outer faces.
        coefficient: of the gradients, on their stencil ``(entries, dim + 1, dim)``.
        offset: what the boundary adds to them ``(cells, dim + 1, dim)``.
    """

    viscosity: Tensor
    force: Float[Tensor, "cells dim"]
    pin: Float[Tensor, " cells"]
    boundary: BoundaryValues
    inner: FaceMetric
    outer: FaceMetric
    coefficient: Float[Tensor, "entries components dim"]
    offset: Float[Tensor, "cells components dim"]


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Over the last axis."""
    return (a * b).sum(-1)


def rhie_chow(nu: Tensor, speed2: Tensor, width: Tensor) -> Tensor:
    r"""Time in which a cell passes on momentum, :math:`\tau = h^2 / (12 \nu + 2 |u| h)`; smooth where the fluid rests.

    Source: Rhie and Chow 1983, AIAA J. 21, 1525, for the flux that it damps.
    """
    speed = (speed2 + (nu / width) ** 2).sqrt()
    return width**2 / (12 * nu + 2 * speed * width)


class FlowBalance(Balance):
    r"""Steady balances of momentum and mass, of unknowns :math:`(u, p)` in each cell.

    .. math::
        \sum_f \dot m_f u_f + p_f S_f - \nu \left[ \bar G S + \tfrac43 a (u_N - u_P - \bar G d) \right] = V f,
        \qquad \sum_f \dot m_f = 0, \qquad
        \dot m_f = S \cdot u_f - \tau a \left[ p_N - p_P - \bar{\nabla p} \cdot d \right]

    Values on faces are linear between the cells and moved to the center of the face with the gradient; between quads,
    or hexahedra, the difference of gradients bends them. Where the boundary gives nothing they are extrapolated.

    Args:
        boundary: what holds on the outer faces.
        blending: from 0 (central) to 1 (linear upwind): share of upwinding in the convected velocity.
    """

    def __init__(self, boundary: FlowBoundary, *, blending: float = 0.0) -> None:
        mesh, geometry = boundary.mesh, boundary.mesh.geometry()
        given, out = boundary.faces(NoSlip, Inlet), boundary.faces(PressureOutlet)
        self.boundary, self.dim, self.blending = boundary, mesh.dim, blending
        self.of_velocity = Extrapolation.of(geometry, given, out)
        self.of_pressure = Extrapolation.of(geometry, out, mesh.owner[:0])
        both = self.of_velocity.pattern, self.of_pressure.pattern
        stencil, position = SparsePattern.of(
            torch.cat([p.row for p in both]), torch.cat([p.col for p in both]), mesh.num_cells
        )
        self._entries, self._place = len(stencil.row), position.split([len(p.row) for p in both])
        super().__init__(mesh.owner, mesh.neighbor, num_cells=mesh.num_cells, components=mesh.dim + 1, stencil=stencil)
        kinds = (NoSlip, Inlet), (PressureOutlet,), (Slip, Symmetry)
        outer = mesh.num_faces - mesh.num_inner
        self._given, self._out, self._slip = (
            torch.zeros(outer, dtype=torch.float64).index_fill(0, boundary.faces(*kind) - mesh.num_inner, 1.0)
            for kind in kinds
        )

    def theta(self, geometry: Geometry, viscosity: Tensor, force: Tensor, pin: Tensor) -> FlowTheta:
        """What the fluxes take.

        Args:
            geometry: of the mesh.
            viscosity: ``nu``.
            force: body force ``(cells, dim)``.
            pin: cells whose pressure is held ``(cells,)``, 1 there and else 0.
        """
        values = self.boundary.values(geometry)
        coefficient, offset = self._gradients(geometry, values)
        volume = geometry.volume
        return FlowTheta(
            viscosity,
            force * volume[:, None],
            pin * volume / viscosity.detach(),
            values,
            inner_metric(geometry),
            outer_metric(geometry),
            coefficient,
            offset,
        )

    def gradient(self, theta: FlowTheta) -> tuple[Tensor, Tensor]:
        """Of velocity and pressure."""
        return theta.coefficient, theta.offset

    def flux(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: FlowTheta) -> State:
        """Of momentum and mass, through the inner faces."""
        m, dim = theta.inner, self.dim
        w = m.weight[:, None]
        slope = g_p + w[..., None] * (g_n - g_p)
        jump = u_n - u_p
        bend = ((g_p - g_n) * m.along[:, None]).sum(-1)
        face = u_p + w * jump + (slope * m.skew[:, None]).sum(-1) + m.curve[:, None] * bend
        velocity, pressure = face[..., :dim], face[..., dim]
        tau = rhie_chow(theta.viscosity, dot(velocity, velocity), m.width)
        mass = dot(velocity, m.area) - tau * m.over * (jump[..., dim] - dot(slope[..., dim, :], m.along))
        rough = jump - (slope * m.along[:, None]).sum(-1)
        stress = DAMPING * m.over[:, None] * rough[..., :dim] + (slope[..., :dim, :] * m.area[:, None]).sum(-1)
        momentum = mass[..., None] * velocity + pressure[..., None] * m.area - theta.viscosity * stress
        if self.blending:
            speed = (mass**2 + (theta.viscosity * m.over) ** 2).sqrt()[..., None]
            mean = ((g_p + g_n)[..., :dim, :] * m.along[:, None]).sum(-1) / 2
            momentum = momentum - self.blending / 2 * speed * (jump[..., :dim] - mean)
        return torch.cat([momentum, mass[..., None]], -1)

    def outer_flux(self, u_p: State, g_p: Slope, theta: FlowTheta) -> State:
        """Of momentum and mass, through the outer faces."""
        mass, velocity, stress, pressure = self.on_border(u_p, g_p, theta)
        momentum = mass[..., None] * velocity + pressure[..., None] * theta.outer.area - theta.viscosity * stress
        return torch.cat([momentum, mass[..., None]], -1)

    def on_border(self, u_p: State, g_p: Slope, theta: FlowTheta) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Flux of mass, velocity, normal derivative of the velocity times the area, and pressure on outer faces."""
        m, known, dim = theta.outer, theta.boundary, self.dim
        given, out, slip = self._given[:, None], self._out[:, None], self._slip[:, None]
        u, p, g_u, g_pressure = u_p[..., :dim], u_p[..., dim], g_p[..., :dim, :], g_p[..., dim, :]
        normal = m.area / dot(m.area, m.area).sqrt()[:, None]
        foot = u + (g_u * m.skew[:, None]).sum(-1)  # the value where the normal through the center enters the cell
        gliding = foot - dot(foot, normal)[..., None] * normal
        velocity = given * known.velocity + out * foot + slip * gliding
        sticking = m.over[:, None] * (known.velocity - u) + (g_u * m.rest[:, None]).sum(-1)
        pushed = (dot(m.area, m.area) / dot(m.area, m.along))[:, None] * (gliding - foot)
        slope = dot(g_pressure, m.along)
        pressure = self._out * known.pressure + (1 - self._out) * (p + slope)
        tau = rhie_chow(theta.viscosity, dot(foot, foot), m.width)
        leaving = dot(foot, m.area) - tau * m.over * (known.pressure - p - slope)
        return self._given * known.mass + self._out * leaving, velocity, given * sticking + slip * pushed, pressure

    def source(self, u: State, g: Slope, theta: FlowTheta) -> State:  # noqa: ARG002 - as of the parent
        """Body force, and the pull that holds the pressure of one cell."""
        return torch.cat([theta.force.expand_as(u[..., : self.dim]), -(theta.pin * u[..., self.dim])[..., None]], -1)

    def _gradients(self, geometry: Geometry, values: BoundaryValues) -> tuple[Tensor, Tensor]:
        start = self.boundary.mesh.num_inner
        velocity, pressure = self.of_velocity(geometry), self.of_pressure(geometry)
        empty = geometry.volume.new_zeros(self._entries, self.dim)
        on_stencil = [
            empty.index_add(0, place, slopes.coefficient) for slopes, place in zip((velocity, pressure), self._place)
        ]
        known = values.velocity[self.of_velocity.value_on - start][self.of_velocity.face]
        held = values.pressure[self.of_pressure.value_on - start][self.of_pressure.face]
        nothing = geometry.volume.new_zeros(len(geometry.volume), self.dim, self.dim)
        of_velocity = nothing.index_add(0, self.of_velocity.cell, known[:, :, None] * velocity.border[:, None, :])
        of_pressure = nothing[:, 0].index_add(0, self.of_pressure.cell, held[:, None] * pressure.border)
        coefficient = torch.stack([on_stencil[0]] * self.dim + [on_stencil[1]], 1)
        return coefficient, torch.cat([of_velocity, of_pressure[:, None]], 1)


def inner_metric(geometry: Geometry) -> FaceMetric:
    """Of the faces between two cells.

    Args:
        geometry: of the mesh.
    """
    n, dim = geometry.num_inner, geometry.centroid.shape[1]
    area, along = geometry.area[:n], geometry.along
    weight = geometry.depth[:n] / (geometry.depth[:n] + geometry.depth_neighbor)
    over = dot(area, area) / dot(area, along)
    volume = (geometry.volume[geometry.owner[:n]] + geometry.volume[geometry.neighbor]) / 2
    skew = geometry.to_owner[:n] - weight[:, None] * along
    return FaceMetric(
        area, along, over, area - over[:, None] * along, weight, _curve(geometry), skew, volume ** (1 / dim)
    )


def outer_metric(geometry: Geometry) -> FaceMetric:
    """Of the outer faces; the weight is that of the value on the face, and the skew lies along it.

    Args:
        geometry: of the mesh.
    """
    n, dim = geometry.num_inner, geometry.centroid.shape[1]
    area, along, normal = geometry.area[n:], geometry.to_owner[n:], geometry.normal[n:]
    over = dot(area, area) / dot(area, along)
    width = geometry.volume[geometry.owner[n:]] ** (1 / dim)
    skew = along - dot(along, normal)[:, None] * normal
    rest, one = area - over[:, None] * along, torch.ones_like(over)
    return FaceMetric(area, along, over, rest, one, 0 * one, skew, width)


def _curve(geometry: Geometry) -> Float[Tensor, " inner"]:
    """``CURVATURE`` between cells whose faces come in opposite pairs; gradients of others are too rough for it."""
    p, q = geometry.owner[: geometry.num_inner], geometry.neighbor
    one = torch.ones_like(geometry.volume)
    count = torch.zeros_like(one).index_add(0, torch.cat([geometry.owner, q]), one[torch.cat([geometry.owner, q])])
    paired = (count == 2 * geometry.centroid.shape[1]).to(one.dtype)
    return CURVATURE * paired[p] * paired[q]
