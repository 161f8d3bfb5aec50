"""Velocities of a fluid that comes in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.patches import check_patch
from gno.mesh import Mesh


def parabola(mesh: Mesh, patch: str, peak: float | int) -> Callable[[Float[Tensor, "n 2"]], Float[Tensor, " n"]]:
    r"""Speed of a developed flow between two walls, for an ``Inlet`` on a straight patch in the plane.

    .. math::
        u(s) = 4 \, u_\mathrm{max} \, s \, (1 - s)

    with ``s`` from 0 at one end of the patch to 1 at the other; the mean is two thirds of the peak.

    Args:
        mesh: in the plane.
        patch: its name.
        peak: greatest speed.

    Raises:
        ConfigError: a mesh in space, an unknown patch, or one that is not straight.

    Example:
        >>> from gno.mesh import shapes
        >>> speed = parabola(shapes.square(0.5), "left", 0.3)
        >>> speed(torch.tensor([[0.0, 0.0], [0.0, 0.5]], dtype=torch.float64)).tolist()
        [0.0, 0.3]
    """
    if mesh.dim != 2:
        raise ConfigError(f"the mesh is {mesh.dim}-D", why="a parabola lies between two ends of a line")
    check_patch(patch, mesh.boundary)
    ends = torch.from_numpy(mesh.points[mesh.boundary[patch].ravel()])
    start = ends[torch.linalg.vector_norm(ends - ends[0], dim=1).argmax()]
    stop = ends[torch.linalg.vector_norm(ends - start, dim=1).argmax()]
    along, away = stop - start, ends - start
    length = torch.linalg.vector_norm(along)
    off = (along[0] * away[:, 1] - along[1] * away[:, 0]).abs().max() / length
    if off > 1e-6 * length:
        raise ConfigError(
            f"patch {patch!r} is bent by {float(off):.3g}", why="a parabola lies between two ends of a straight line"
        )

    def speed(points: Tensor) -> Tensor:
        s = ((points - start.to(points)) @ along.to(points)) / length.to(points) ** 2
        return 4 * peak * s * (1 - s)

    return speed
