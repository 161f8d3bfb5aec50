"""A coarse solution on a fine mesh: solved where it is cheap, and prolonged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from gno.errors import ConfigError
from gno.mesh.coarsening import coarsen
from gno.mesh.interpolation import Interpolation
from gno.mesh.mesh import Mesh
from gno.models.coarse.mesh_solver import MeshSolver
from gno.models.coarse.solver import CoarseSolver
from gno.models.coarse.solver_on_mesh import SolverOnMesh

DEFAULTS = {"nodes": 256, "smoothing": 0, "cycles": 0}
"""What a table says of a coarse solver where it says nothing."""


@runtime_checkable
class Upscaling(Protocol):
    """What solves the equations of a coarse mesh in its own way: ``LearnedUpscaling``."""

    def solve(self, problem: Any, mesh: Mesh, coarse: Mesh) -> Mesh:
        """The coarse mesh with the targets in its point data.

        Args:
            problem: whose equations they are.
            mesh: the fine mesh, with the inputs.
            coarse: of the same domain.
        """


@dataclass(frozen=True, eq=False)
class CoarseSolve:
    """A solver on a coarse mesh of the domain, whose fields are interpolated at the nodes of the fine one.

    Args:
        solver: a coarse solver, whose inputs are then fields at the nodes of the fine mesh, or a ``Problem`` of
            ``gno.problems``.
        nodes: about how many nodes the coarse mesh has, where it is made from the fine one by ``gno.mesh.coarsen``.
        smoothing: steps of a smoother on the fine mesh that follow a correction; the solver has to have one.
        cycles: V-cycles of multigrid on the fine mesh that follow those; the solver has to know them.
        mesh: the coarse mesh, where one is given for all fine meshes, which are then of its shape.
        upscaling: learned equations of the coarse mesh, in the place of the solver's own.

    Raises:
        ConfigError: fewer than 4 nodes, a negative number, or a solver without a smoother or V-cycle that is asked for.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import shapes
        >>> from gno.problems import Darcy
        >>> mesh = shapes.square(0.1)
        >>> mesh = mesh.with_data({"permeability": np.ones(mesh.num_points)})
        >>> float(CoarseSolve(Darcy(), nodes=40).prolonged(mesh, ["u"]).point_data["u"].max().round(3))
        0.076
    """

    solver: CoarseSolver | MeshSolver
    nodes: int = DEFAULTS["nodes"]
    smoothing: int = DEFAULTS["smoothing"]
    cycles: int = DEFAULTS["cycles"]
    mesh: Mesh | None = None
    upscaling: Upscaling | None = None

    def __post_init__(self) -> None:
        check_table(self.numbers)
        for option, method, what in (("smoothing", "smooth", "smoother"), ("cycles", "cycle", "V-cycle")):
            if self.numbers[option] and not hasattr(self.solver, method):
                raise ConfigError(
                    f"{option} is {self.numbers[option]}",
                    why=f"{type(self.solver).__name__} has no {what}",
                    fix=f"set {option} = 0",
                )

    @property
    def numbers(self) -> dict[str, int]:
        """What a model file says of it."""
        return {name: getattr(self, name) for name in DEFAULTS}

    @cached_property
    def equations(self) -> MeshSolver:
        """The solver as one of fields that a mesh carries."""
        return SolverOnMesh(self.solver) if isinstance(self.solver, CoarseSolver) else self.solver

    def prolonged(self, mesh: Mesh, names: Sequence[str]) -> Mesh:
        """The fine mesh with the coarse fields at its nodes.

        Args:
            mesh: with the inputs of the solver.
            names: of the fields.

        Raises:
            ConfigError: a fine mesh of no more nodes than the coarse one.
            MeshError: a mesh that cannot be coarsened so far.
            SolverError: the coarse solve does not converge.
        """
        coarse = self._coarse(mesh)
        solved = self._solved(mesh, coarse).point_data
        found = Interpolation.of(coarse, mesh.points)
        return mesh.with_data({**mesh.point_data, **{name: found(solved[name]) for name in names}})

    def smoothed(self, mesh: Mesh) -> Mesh:
        """The fine mesh with its fields after ``smoothing`` steps, then ``cycles``; as it is where both are none.

        Args:
            mesh: with inputs, and fields at the nodes.
        """
        found = self.equations.smooth(mesh, self.smoothing) if self.smoothing else mesh  # type: ignore[attr-defined]
        for _ in range(self.cycles):
            found = self.cycled(found)
        return found

    def cycled(self, mesh: Mesh) -> Mesh:
        """The fine mesh with its fields after one V-cycle of multigrid.

        Args:
            mesh: with inputs, and fields at the nodes.
        """
        return self.equations.cycle(mesh)  # type: ignore[attr-defined]

    @property
    def has_cycle(self) -> bool:
        """Whether the solver knows a V-cycle."""
        return hasattr(self.equations, "cycle")

    def plain(self) -> CoarseSolve:
        """The same with the equations of the solver, and no learned ones."""
        return replace(self, upscaling=None)

    def finer(self, factor: float = 2.0) -> CoarseSolve:
        """The same with edges so many times shorter.

        Args:
            factor: of the edges.
        """
        nodes, dim = (self.nodes, 2) if self.mesh is None else (self.mesh.num_points, self.mesh.dim)
        return replace(self, nodes=round(nodes * factor**dim), mesh=None)

    def _solved(self, mesh: Mesh, coarse: Mesh) -> Mesh:
        if self.upscaling is not None:
            return self.upscaling.solve(self.equations, mesh, coarse)
        return self.equations.solve(self.equations.transferred(mesh, coarse))

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


def check_table(table: Mapping[str, Any]) -> None:
    """Refuse what a recipe cannot say of a coarse solver.

    Args:
        table: ``nodes``, ``smoothing``, ``cycles``, ``solver``, ``upscaling``.

    Raises:
        ConfigError: an unknown key, fewer than 4 nodes, or a negative number.

    Example:
        >>> check_table({"nodes": 100, "solver": {"name": "diffusion"}})
    """
    wrong = sorted(set(table) - {*DEFAULTS, "solver", "upscaling"})
    if wrong:
        raise ConfigError(f"coarse has {wrong[0]!r}", why=f"known: {', '.join(DEFAULTS)}, solver, upscaling")
    for name, least in (("nodes", 4), ("smoothing", 0), ("cycles", 0)):
        value = table.get(name, DEFAULTS[name])
        if type(value) is not int or value < least:
            raise ConfigError(f"coarse.{name} is {value!r}", why=f"it is a whole number, {least} or more")
