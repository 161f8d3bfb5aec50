"""What the balance of a scalar is made of, as tensors of faces and cells."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Value
from gno.fv.boundary.outer import Outer
from gno.fv.boundary.values import scalars, vectors
from gno.fv.linear.pattern import SparsePattern
from gno.fv.transport.advected import Reach
from gno.fv.transport.exchange import Exchange
from gno.fv.transport.slopes import Slopes
from gno.fv.volumes.geometry import Geometry


class Inner(NamedTuple):
    r"""Faces between two cells, P and N.

    Args:
        mass: what flows through each out of P ``(inner,)``.
        conductance: diffusive flux per difference of the values ``(inner,)``.
        from_p: what P sees of each.
        from_n: what N sees.
        slide_p: :math:`\delta_P n - (x_f - x_P)`, within the plane of the face ``(inner, dim)``.
        slide_n: :math:`\delta_N n - (x_N - x_f)` ``(inner, dim)``.
        near_n: :math:`\delta_P / (\delta_P + \delta_N)` ``(inner,)``.
    """

    mass: Float[Tensor, " inner"]
    conductance: Float[Tensor, " inner"]
    from_p: Reach
    from_n: Reach
    slide_p: Float[Tensor, "inner dim"]
    slide_n: Float[Tensor, "inner dim"]
    near_n: Float[Tensor, " inner"]

    @classmethod
    def of(
        cls,
        geometry: Geometry,
        diffusivity: Float[Tensor, " cells"],
        mass: Float[Tensor, " faces"],
        slopes: Slopes,
    ) -> Inner:
        r"""The inner faces of a mesh, with the conductance :math:`|S| / (\delta_P / D_P + \delta_N / D_N)`.

        Args:
            geometry: of cells.
            diffusivity: D.
            mass: what flows through each face out of its owner.
            slopes: the gradients.
        """
        g, inner = geometry, geometry.num_inner
        normal, depth_p, depth_n = g.normal[:inner], g.depth[:inner], g.depth_neighbor
        d_p, d_n = diffusivity[g.owner[:inner]], diffusivity[g.neighbor]
        both = depth_p * d_n + depth_n * d_p
        series = d_p * d_n / torch.where(both > 0, both, 1.0)
        mean = (d_p + d_n) / 2 / (depth_p + depth_n)  # the same for equal ones, and differentiable at zero
        slide_p = depth_p[:, None] * normal - g.to_owner[:inner]
        slide_n = depth_n[:, None] * normal - g.to_neighbor
        conductance = g.size[:inner] * torch.where(both > 0, series, mean)
        near_n = depth_p / (depth_p + depth_n)
        from_p, from_n = slopes.reach(g)
        return cls(mass[:inner], conductance, from_p, from_n, slide_p, slide_n, near_n)


class Transport(NamedTuple):
    """A scalar in a flow: faces, cells, and the gradients of the cells as an affine map.

    Args:
        inner: faces between two cells.
        outer: the others.
        outer_mass: what flows out through them ``(outer,)``.
        from_inside: what their cells see of them.
        volume: ``(cells,)``.
        reaction: ``c (cells,)``.
        source: ``f (cells,)``.
        coefficient: of the gradient on the stencil ``(entries, 1, dim)``.
        offset: what the conditions add to it ``(cells, 1, dim)``.
        flat: differences that the limiter lets pass ``()``.
    """

    inner: Inner
    outer: Exchange
    outer_mass: Float[Tensor, " outer"]
    from_inside: Reach
    volume: Float[Tensor, " cells"]
    reaction: Float[Tensor, " cells"]
    source: Float[Tensor, " cells"]
    coefficient: Float[Tensor, "entries 1 dim"]
    offset: Float[Tensor, "cells 1 dim"]
    flat: Float[Tensor, ""]


class Medium(NamedTuple):
    """What a scalar moves in.

    Args:
        mass: what flows through each face out of its owner ``(faces,)``.
        diffusivity: ``D >= 0 (cells,)``.
        source: ``f (cells,)``.
        reaction: ``c (cells,)``.
    """

    mass: Float[Tensor, " faces"]
    diffusivity: Float[Tensor, " cells"]
    source: Float[Tensor, " cells"]
    reaction: Float[Tensor, " cells"]

    @classmethod
    def of(cls, geometry: Geometry, velocity: Value, diffusivity: Value, source: Value, reaction: Value) -> Medium:
        """Values given in any form.

        Args:
            geometry: of cells.
            velocity: as of ``mass_flux``.
            diffusivity: number, one per cell, or a function of points.
            source: likewise.
            reaction: likewise.

        Raises:
            ConfigError: values of the wrong number, not finite, or a negative diffusivity.
        """
        values = {"the diffusivity": diffusivity, "the source": source, "the reaction": reaction}
        d, f, c = (scalars(value, geometry.centroid, what) for what, value in values.items())
        if bool((d < 0).any()):
            cell = int(d.argmin())
            raise ConfigError(
                f"the diffusivity is {float(d[cell]):.6g} in cell {cell}", why="it must be positive or zero"
            )
        return cls(mass_flux(geometry, velocity), d, f, c)

    def transport(self, geometry: Geometry, held: Outer, stencil: SparsePattern) -> Transport:
        """The balance in this medium.

        Args:
            geometry: of cells.
            held: conditions on the outer faces.
            stencil: pairs of cells that share a face.
        """
        outer = Exchange.of(geometry, held, self.diffusivity, self.mass)
        slopes = Slopes.of(geometry, outer, self.diffusivity)
        return Transport(
            inner=Inner.of(geometry, self.diffusivity, self.mass, slopes),
            outer=outer,
            outer_mass=self.mass[geometry.num_inner :],
            from_inside=slopes.outer_reach(outer),
            volume=geometry.volume,
            reaction=self.reaction,
            source=self.source,
            coefficient=slopes.on(stencil, geometry, outer),
            offset=slopes.offset(geometry, outer),
            flat=geometry.volume.new_ones(()),
        )


def mass_flux(geometry: Geometry, velocity: Value) -> Float[Tensor, " faces"]:
    r"""What flows through each face out of its owner, :math:`F = a \cdot S`.

    Args:
        geometry: of cells.
        velocity: a vector ``(dim,)``, a function of points that returns vectors, vectors of the cells
            ``(cells, dim)``, which are interpolated to the faces, or the mass flux of the faces ``(faces,)`` itself:
            that of a Navier-Stokes solution has no divergence in any cell, which interpolated vectors do have.

    Raises:
        ConfigError: another shape, or a value that is not finite.

    Example:
        >>> import numpy as np
        >>> from gno.fv.volumes.mesh import FVMesh
        >>> from gno.mesh import shapes
        >>> geometry = FVMesh.of(shapes.square(1.0, kind="quad")).geometry()
        >>> mass_flux(geometry, (1.0, 0.0)).sort().values.tolist()
        [-1.0, 0.0, 0.0, 1.0]
    """
    g, inner, (cells, dim) = geometry, geometry.num_inner, geometry.centroid.shape
    if not callable(velocity):
        given = torch.as_tensor(velocity, dtype=g.area.dtype)
        if given.shape == (len(g.area),) and len(g.area) != dim:
            return scalars(given, g.center, "the mass flux")
        if given.shape == (cells, dim):
            at = vectors(given, g.centroid, "the velocity")
            near_n = (g.depth[:inner] / (g.depth[:inner] + g.depth_neighbor))[:, None]
            between = at[g.owner[:inner]] * (1 - near_n) + at[g.neighbor] * near_n
            return (torch.cat([between, at[g.owner[inner:]]]) * g.area).sum(1)
        if given.shape not in ((), (dim,)):
            raise ConfigError(
                f"the velocity has values of shape {tuple(given.shape)}",
                why=f"it needs ({dim},), ({cells}, {dim}) for the cells, or ({len(g.area)},) for what the faces carry",
            )
    return (vectors(velocity, g.center, "the velocity") * g.area).sum(1)
