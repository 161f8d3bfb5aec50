"""A coarse solution on a fine mesh: solved where it is cheap, and prolonged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gno.errors import ConfigError
from gno.mesh.coarsening import coarsen
from gno.mesh.interpolation import Interpolation
from gno.mesh.mesh import Mesh
from gno.models.mesh_solver import MeshSolver


@dataclass(frozen=True, eq=False)
class CoarseSolve:
    """A solver on a coarse mesh of the domain, whose fields are interpolated at the nodes of the fine one.

    Args:
        solver: of the equations.
        nodes: about how many nodes the coarse mesh has, where it is made from the fine one by ``gno.mesh.coarsen``.
        mesh: the coarse mesh, where one is given for all fine meshes.

    Raises:
        ConfigError: fewer than 4 nodes.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import shapes
        >>> from gno.problems import Darcy
        >>> mesh = shapes.square(0.1)
        >>> mesh = mesh.with_data({"permeability": np.ones(mesh.num_points)})
        >>> float(CoarseSolve(Darcy(), nodes=40).prolonged(mesh, ["u"]).point_data["u"].max().round(3))
        0.076
    """

    solver: MeshSolver
    nodes: int = 256
    mesh: Mesh | None = None

    def __post_init__(self) -> None:
        if self.nodes < 4:
            raise ConfigError(f"a coarse mesh of {self.nodes} nodes", why="it needs 4 or more")

    def prolonged(self, mesh: Mesh, names: Sequence[str]) -> Mesh:
        """The fine mesh with the coarse fields at its nodes.

        Args:
            mesh: with the inputs of the solver.
            names: of the fields.

        Raises:
            MeshError: a mesh that cannot be coarsened so far.
            SolverError: the coarse solve does not converge.
        """
        coarse = self._coarse(mesh)
        solved = self.solver.solve(self.solver.transferred(mesh, coarse)).point_data
        found = Interpolation.of(coarse, mesh.points)
        return mesh.with_data({**mesh.point_data, **{name: found(solved[name]) for name in names}})

    def finer(self, factor: float = 2.0) -> CoarseSolve:
        """The same with edges so many times shorter.

        Args:
            factor: of the edges.
        """
        nodes, dim = (self.nodes, 2) if self.mesh is None else (self.mesh.num_points, self.mesh.dim)
        return replace(self, nodes=round(nodes * factor**dim), mesh=None)

    def _coarse(self, mesh: Mesh) -> Mesh:
        if self.mesh is not None:
            return self.mesh
        if self.nodes >= mesh.num_points:
            raise ConfigError(
                f"a coarse mesh of {self.nodes} nodes for a fine one of {mesh.num_points}",
                why="it must have fewer",
                fix="solve on the fine mesh itself, or refine it",
            )
        return coarsen(mesh, self.nodes)
