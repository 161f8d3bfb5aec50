"""What holds for a scalar on the outer faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Condition, Dirichlet, Neumann, Robin, Symmetry
from gno.fv.boundary.values import scalars
from gno.fv.volumes.geometry import Geometry


class Outer(NamedTuple):
    r"""One condition for all outer faces: the flux is :math:`q_0 + h \, (g - u_f)`, or the value is ``g``.

    Args:
        given: whether the value is given ``(outer,)``.
        held: whether it is, or the flux depends on it.
        value: ``g (outer,)``.
        transfer: ``h (outer,)``, zero where the value is given.
        flux: :math:`q_0` ``(outer,)``.
    """

    given: Bool[Tensor, " outer"]
    held: Bool[Tensor, " outer"]
    value: Float[Tensor, " outer"]
    transfer: Float[Tensor, " outer"]
    flux: Float[Tensor, " outer"]

    @classmethod
    def of(cls, conditions: Mapping[str, Condition], patches: Mapping[str, Int[Tensor, " _n"]], at: Geometry) -> Outer:
        """The conditions of all patches.

        Args:
            conditions: of each patch.
            patches: name to faces; each outer face is in one.
            at: values are taken at the centers of its faces.

        Raises:
            ConfigError: a condition of another equation, values that do not fit, or a negative ``transfer``.

        Example:
            >>> from gno.fv.volumes.mesh import FVMesh
            >>> from gno.mesh import shapes
            >>> mesh = FVMesh.of(shapes.square(1.0, kind="quad"))
            >>> Outer.of(dict.fromkeys(mesh.patches, Robin(3.0, 2.0)), mesh.patches, mesh.geometry()).transfer.tolist()
            [3.0, 3.0, 3.0, 3.0]
        """
        none = at.owner[:0]
        row = torch.cat([none, *(patches[name] for name in conditions)])
        terms = [_terms(held, at.center[patches[name]], name) for name, held in conditions.items()]
        # The first is for a mesh without outer faces.
        terms = [(none.bool(), none.bool(), *[at.volume[:0]] * 3), *terms]
        order = torch.argsort(row)
        return cls(*(torch.cat(parts)[order] for parts in zip(*terms)))


def _terms(held: Condition, points: Tensor, name: str) -> tuple[Tensor, ...]:
    """The fields of ``Outer`` on one patch."""
    what, zero = f"patch {name!r}", points.new_zeros(len(points))
    yes = torch.ones(len(points), dtype=torch.bool)
    if isinstance(held, Dirichlet):
        return yes, yes, scalars(held.value, points, what), zero, zero
    if isinstance(held, Robin):
        transfer = scalars(held.transfer, points, f"transfer of {what}")
        if bool((transfer < 0).any()):
            raise ConfigError(
                f"transfer of {what} is {float(transfer.min()):.6g}", why="it must be positive or zero", fix="see Robin"
            )
        return ~yes, yes, scalars(held.value, points, what), transfer, zero
    if isinstance(held, Neumann | Symmetry):
        flux = zero if isinstance(held, Symmetry) else scalars(held.flux, points, what)
        return ~yes, ~yes, zero, zero, flux
    raise ConfigError(
        f"{what} has condition {type(held).__name__}",
        why="diffusion knows Dirichlet, Neumann, Robin, Symmetry and Periodic",
        fix="give one of these",
    )
