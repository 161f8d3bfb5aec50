"""A coarse solver whose transmissibilities are learned through its solutions."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.fv import Solution
from gno.fv.diffusion.equations import DiffusionEquations
from gno.mesh.mesh import Mesh
from gno.models.coarse.mesh_solver import MeshSolver
from gno.models.hybrids.face_patches import FacePatches
from gno.nn.mlp import MLP


@runtime_checkable
class Upscalable(MeshSolver, Protocol):
    """A diffusion problem that shows its equations: ``Darcy`` is one."""

    def equations(self, mesh: Mesh) -> DiffusionEquations:
        """The discrete equations of a mesh."""

    def solved(self, mesh: Mesh, solution: Solution) -> Mesh:
        """The mesh with a solution in its point data."""

    def medium(self, mesh: Mesh) -> Float[np.ndarray, " cells"]:
        """The logarithm of the coefficient of each cell."""


class LearnedUpscaling(nn.Module):
    r"""Equations of a coarse mesh whose conductances a small network corrects, from the fine medium around each face.

    .. math::
        \sum_f \pm |S_f| \, e^{g_f} q_f(u_H) = V_P f_P, \qquad
        g = \frac{1}{4} \sum_{\sigma} N_\theta(\sigma m, \sigma x)

    :math:`q_f` is the flux of the classical upscaling, :math:`m` the logarithm of the fine coefficient around the face,
    less its mean, :math:`x` where the two centroids are and whether the face is an outer one, and :math:`\sigma` runs
    over both sides of the face and both directions along it. So the factor is positive, and the same from both sides
    and in a mirror; what leaves a cell enters another; a medium or a source twice as strong changes no factor. The
    network is zero at first: training begins at the classical upscaling, and goes through the sparse solve by its
    adjoint. A factor makes up for the error of the coarse scheme, too, which a uniform medium has as well and which
    falls with the size of the cells: what is learned holds for coarse meshes of about that many nodes.

    Learned discretizations: Bar-Sinai et al. 2019, https://doi.org/10.1073/pnas.1814058116.

    Args:
        nodes: about how many nodes the coarse mesh has.
        points: of the lattice on which a face sees the medium, along each axis.
        width: channels inside.

    Raises:
        ConfigError: fewer than 4 nodes, 2 points or 1 channel.

    Shapes:
        - input: a graph whose nodes are the coarse cells, made by ``Operator.graph``
        - output: ``(cells, 1)``

    Example:
        >>> from gno.mesh import shapes
        >>> from gno.problems import Darcy
        >>> fine, coarse = shapes.square(0.1), shapes.square(0.4)
        >>> fine = fine.with_data({"permeability": np.where(fine.points[:, 0] < 0.3, 1.0, 9.0)})
        >>> classical = Darcy().solve(Darcy().transferred(fine, coarse)).cell_data["u"]
        >>> bool(np.allclose(LearnedUpscaling().solve(Darcy(), fine, coarse).cell_data["u"], classical))
        True
    """

    def __init__(self, *, nodes: int = 256, points: int = 8, width: int = 64) -> None:
        super().__init__()
        for name, value, least in (("nodes", nodes, 4), ("points", points, 2), ("width", width, 1)):
            if value < least:
                raise ConfigError(f"{name} is {value}", why=f"it is {least} or more")
        self.nodes, self.points = nodes, points
        self.network = MLP((points**2 + 5, width, width, 1), "silu")
        last = self.network.layers[-1]
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.arguments: dict[str, Any] = {"nodes": nodes, "points": points, "width": width}

    def forward(self, graph: Any) -> Float[Tensor, "cells 1"]:
        """The coarse solution, as the target's normalizer encodes it.

        Args:
            graph: with ``system``, the classical equations of the coarse mesh, what ``FacePatches`` has of its faces,
                and ``base`` and ``unit (cells, 1)``, which encode; or a batch of such.

        Raises:
            DataError: a graph without them.
            SolverError: the coarse solver does not converge.
        """
        if "system" not in graph:
            raise DataError(
                "the graph has no coarse equations", why="the network corrects them", fix="make it by Operator.graph"
            )
        systems = graph.system if isinstance(graph.system, list) else [graph.system]
        factor = self.factor(FacePatches(graph.medium, graph.places, graph.outer)).double().cpu()
        parts = factor.split([len(system.flux.conductance) for system in systems])
        u = torch.cat([system.scaled(part).solve(1).u for system, part in zip(systems, parts)])
        return graph.base + graph.unit * u[:, None].to(graph.base)

    def factor(self, around: FacePatches) -> Float[Tensor, " faces"]:
        """What the conductance of each face is multiplied by.

        Args:
            around: what the faces see.
        """
        kind = next(self.parameters())
        here = FacePatches(*(part.to(kind) for part in around))
        there = here.exchanged()
        seen = [self._gain(patch) for patch in (here, here.mirrored(), there, there.mirrored())]
        return torch.stack(seen).mean(dim=0).exp()

    @torch.no_grad()
    def solve(self, problem: Upscalable, mesh: Mesh, coarse: Mesh) -> Mesh:
        """The coarse mesh with the learned solution in its cell and point data.

        Args:
            problem: whose equations they are.
            mesh: the fine mesh, with the inputs.
            coarse: of the same domain.

        Raises:
            ConfigError: a mesh in three dimensions.
            SolverError: the coarse solver does not converge.
        """
        transferred = problem.transferred(mesh, coarse)
        system = problem.equations(transferred)
        around = FacePatches.of(mesh, problem.medium(mesh), system.flux.geometry, self.points)
        return problem.solved(transferred, system.scaled(self.factor(around).double().cpu()).solve(1))

    def _gain(self, patch: FacePatches) -> Float[Tensor, " faces"]:
        return self.network(torch.cat([patch.medium.flatten(start_dim=1), patch.places, patch.outer], dim=1))[:, 0]


def check_upscalable(problem: object) -> None:
    """Refuse a problem whose equations the network cannot correct.

    Args:
        problem: any, or none.

    Raises:
        ConfigError: it does not show equations of diffusion.

    Example:
        >>> from gno.problems import Darcy
        >>> check_upscalable(Darcy())
    """
    if not isinstance(problem, Upscalable):
        name = getattr(problem, "name", type(problem).__name__)
        raise ConfigError(
            f"learned upscaling of {name!r}", why="it needs a problem of diffusion of ours, such as darcy"
        )
