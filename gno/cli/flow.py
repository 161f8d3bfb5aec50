"""The solver of steady incompressible flow, and of what it carries, as the command line asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gno.cli.conditions import SCALAR, conditions, flow_kinds
from gno.cli.fields import number_or_field
from gno.cli.flow_fields import FlowFields, with_flow, with_scalar
from gno.cli.settings import Value, check_names, number, vector
from gno.errors import ConfigError
from gno.fv import (
    AdvectionDiffusion,
    Condition,
    Flow,
    FVMesh,
    NavierStokes,
    Neumann,
    NoSlip,
    Periodic,
    Scalar,
    coefficients,
    forces,
)
from gno.fv.boundary.assignment import by_patch, partners
from gno.fv.incompressible.viscosity import viscosity_of
from gno.fv.nonlinear.newton import OnStep
from gno.fv.volumes.patches import check_patch
from gno.mesh import Mesh

FLOW = ("viscosity", "density", "body_force", "blending", "speed", "length", "direction", "initial")
SCALARS = ("scalar_diffusivity", "scalar_source", "scalar_initial")


class Steady(NamedTuple):
    """A steady flow on a mesh.

    Args:
        mesh: with ``velocity``, ``speed``, ``pressure``, and perhaps ``scalar``, at cells and nodes.
        flow: as the solver returned it.
        forces: patch to ``cd``, ``cl`` and the force itself.
        scalar: what the flow carries, if anything.
    """

    mesh: Mesh
    flow: Flow
    forces: dict[str, dict[str, Any]]
    scalar: Scalar | None


class FlowProblem:
    """A flow on a mesh, with all that it depends on.

    Args:
        mesh: the mesh.
        given: ``viscosity``, and perhaps the others of ``FLOW`` and ``SCALARS``.
        words: of the boundary, as ``conditions`` takes them; walls are where they say nothing.
        patches: whose forces are wanted.
        scalar_words: of the boundary of the scalar; where they say nothing, nothing diffuses through.

    Raises:
        ConfigError: an unknown coefficient, or a value, condition or patch that cannot be.
        DataError: a field that is not there, or has values that cannot be.
    """

    def __init__(
        self,
        mesh: Mesh,
        given: Mapping[str, Value],
        words: Sequence[str] | None = None,
        *,
        patches: Sequence[str] | None = None,
        scalar_words: Sequence[str] | None = None,
    ) -> None:
        check_names(given, (*FLOW, *SCALARS), "navier-stokes")
        if "viscosity" not in given:
            raise ConfigError("no viscosity is given", why="the flow depends on it", fix="--set viscosity=0.01")
        self.mesh, self.given, self.patches = mesh, given, list(dict.fromkeys(patches or ()))
        self.viscosity, self.density = viscosity_of(number(given, "viscosity")), number(given, "density", 1.0)
        if not 0 < self.density < float("inf"):
            raise ConfigError(f"density is {self.density:g}", why="it is one finite number larger than 0")
        self.body_force = vector(given, "body_force", 0.0)
        boundary = {"*": NoSlip(), **conditions(words, flow_kinds(mesh, self.density))}
        self.volumes = FVMesh.of(mesh, periodic=partners(boundary))
        self.conditions: dict[str, Condition] = by_patch(self.volumes.patches, boundary, joined=self.volumes.periodic)
        for patch in self.patches:
            check_patch(patch, self.volumes.patches)
        self.coefficients([0.0] * mesh.dim)  # refuses what drag and lift cannot refer to
        self.scalar = self._scalar(scalar_words)

    def steady(self, on_step: OnStep | None = None) -> Steady:
        """The steady flow, and what it carries.

        Args:
            on_step: as of ``NavierStokes.solve``.

        Raises:
            ConfigError: a setting of a run in time.
            SolverError: a solver does not converge.
        """
        for name in ("initial", "scalar_initial"):
            if name in self.given:
                raise ConfigError(f"--set {name} is of no use", why="no --time is given", fix="--time 1 --steps 100")
        solver = NavierStokes(self.volumes, self.conditions, blending=number(self.given, "blending", 0.0))
        flow = solver.solve(viscosity=self.viscosity, body_force=self.body_force, on_step=on_step)
        fields = FlowFields(flow.velocity, flow.velocity_gradient, flow.pressure, flow.pressure_gradient)
        mesh, scalar = self.with_flow(fields), None
        if self.scalar is not None:
            scalar = self.scalar.solve(flow.mass_flux, **self.medium())
            mesh = self.with_scalar(mesh, scalar.u, scalar.gradient)
        table = {}
        for patch in self.patches:
            force = self.density * forces(flow, patch)
            cd, cl = self.coefficients(force)
            table[patch] = {"cd": cd, "cl": cl, "force": force.tolist()}
        return Steady(mesh, flow, table, scalar)

    def coefficients(self, force: Any) -> tuple[float, float]:
        """Drag and lift.

        Args:
            force: of the fluid with its density on a patch ``(dim,)``.
        """
        cd, cl = coefficients(
            torch.as_tensor(force, dtype=torch.float64),
            velocity=number(self.given, "speed", 1.0),
            length=number(self.given, "length", 1.0),
            direction=vector(self.given, "direction", (1.0, 0.0)),
            density=self.density,
        )
        return float(cd), float(cl)

    def medium(self) -> dict[str, Any]:
        """Diffusivity and source of the scalar.

        Raises:
            ConfigError: neither numbers nor names of fields.
            DataError: fields that are not there.
        """
        given = {"scalar_source": 0.0, **self.given}
        return {
            name: number_or_field(self.mesh, f"scalar_{name}", given[f"scalar_{name}"])
            for name in ("diffusivity", "source")
        }

    def with_flow(self, fields: FlowFields) -> Mesh:
        """The mesh with a flow.

        Args:
            fields: in its cells.
        """
        return with_flow(self.mesh, fields, self.volumes, self.conditions, density=self.density)

    def with_scalar(self, mesh: Mesh, u: Tensor, gradient: Tensor) -> Mesh:
        """A mesh with the scalar.

        Args:
            mesh: the mesh, which may have a flow.
            u: the scalar ``(cells,)``.
            gradient: ``(cells, dim)``.
        """
        joined = {name: Periodic(other) for name, other in self.volumes.periodic.items()}
        held = self.scalar.held if self.scalar is not None else {}
        return with_scalar(mesh, u, gradient, {**joined, **held})

    def shown(self) -> dict[str, str]:
        """The fields to draw, with their units."""
        return {"speed": "1", "pressure": "1"} | ({} if self.scalar is None else {"scalar": "1"})

    def _scalar(self, words: Sequence[str] | None) -> AdvectionDiffusion | None:
        if "scalar_diffusivity" not in self.given:
            unused = [f"--set {name}" for name in SCALARS if name in self.given] + ["--scalar-bc"] * bool(words)
            if unused:
                raise ConfigError(
                    f"{unused[0]}, but no scalar_diffusivity",
                    why="the scalar needs it",
                    fix="--set scalar_diffusivity=0.01",
                )
            return None
        boundary = {"*": Neumann(), **(conditions(words, SCALAR, option="--scalar-bc") if words else {})}
        return AdvectionDiffusion(self.volumes, boundary)
