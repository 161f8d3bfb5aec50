"""Density and pressure that stay positive."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import SolverError
from gno.fv.compressible.gas import Conserved, Gas

KEPT = 0.2
"""Part of density and pressure that a step leaves at least, at every node."""
SHORTENINGS = 30


def reach(u: Conserved, step: Conserved, heat_ratio: float) -> Float[Tensor, " samples"]:
    r"""How much of a step leaves a fifth of density and pressure at every node; nought if hardly any of it does.

    Args:
        u: the state ``(cells, dim + 2)`` or ``(samples, cells, dim + 2)``.
        step: of its shape.
        heat_ratio: :math:`\gamma`.

    Example:
        >>> u = Gas(torch.ones(1), torch.zeros(1, 2), torch.ones(1)).conserved(1.4)
        >>> reach(u, -0.5 * u, 1.4).tolist(), 0 < reach(u, -u, 1.4).item() < 0.8, reach(u, -1e9 * u, 1.4).tolist()
        ([1.0], True, [0.0])
    """
    u, step = (v.reshape(-1, *v.shape[-2:]) for v in (u, step))
    now, t = Gas.of(u, heat_ratio), torch.ones(len(u), dtype=u.dtype, device=u.device)
    for _ in range(SHORTENINGS):
        then = Gas.of(u + t[:, None, None] * step, heat_ratio)
        enough = (then.density >= KEPT * now.density) & (then.pressure >= KEPT * now.pressure)
        enough = enough.all(-1)
        if bool(enough.all()):
            return t
        t = torch.where(enough, t, 0.7 * t)
    return torch.where(enough, t, 0.0)


def refuse_negative(u: Conserved, step: Conserved, heat_ratio: float) -> None:
    r"""Say which node is to blame where no step is short enough.

    Args:
        u: the state.
        step: the step that could not be taken.
        heat_ratio: :math:`\gamma`.

    Raises:
        SolverError: always; it names the node whose density or pressure the step changes most.
    """
    now, then = (Gas.of(v.reshape(-1, *v.shape[-2:]), heat_ratio) for v in (u, u + step))
    left = torch.minimum(then.density / now.density, then.pressure / now.pressure)
    worst = int(left.nan_to_num(nan=-float("inf")).argmin())
    node, pressure = worst % left.shape[-1], float(now.pressure.reshape(-1)[worst])
    raise SolverError(
        f"no step was found that keeps density and pressure positive: they would fall to {float(left.min()):.3g} times "
        f"what they are at node {node}, where the pressure is {pressure:.4g} times that of the units",
        why="the flow changes too fast from what it is now",
        fix="lower cfl in PseudoTime, start from a flow of a lower Mach number, or look at the mesh there",
    )
