"""Darcy flow through a random medium on random domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from gno.datasets import FieldSpec
from gno.errors import ConfigError
from gno.fv import Condition, Diffusion, Dirichlet, cells_to_nodes
from gno.mesh import Mesh, cell_centroid, refine
from gno.mesh.means import around_nodes
from gno.problems.coefficient import log_normal, two_phase
from gno.problems.darcy_flow import SOURCE, DarcyFlow
from gno.problems.deal import Deal, Part
from gno.problems.domain import FAMILIES, Domain, check_families, draw_domain
from gno.problems.problem import Draw
from gno.problems.random_field import RandomField, mesh_field, square_field
from gno.problems.walls import draw_walls, fixed_nodes

# Streams of random numbers: of meshes, of the fields of samples, of their boundary, and of their source.
_MESH, _FIELD, _WALLS, _SOURCE = 0, 1, 2, 3
_SPREAD, _PLACES = 0.15, 200  # standard deviation of a bump, and about how many places it can have
# The mesh of the field is made coarse and cut: cheaper than meshing as fine, and the label's mesh can be the same one.
_FIELD_REFINEMENT = 3


@dataclass(frozen=True, kw_only=True)
class Darcy(DarcyFlow):
    r"""Steady flow through a porous medium: the pressure ``u`` of a permeability ``a`` that varies in space.

    .. math::
        -\nabla \cdot (a \nabla u) = f, \qquad u = 0 \text{ on the boundary}

    ``a`` comes from a Gaussian field :math:`\varphi \sim N(0, (-\Delta + \tau^2)^{-2})`. The label is solved on the
    sample's mesh with all edges cut into ``refinement`` parts, and restricted to the nodes of the sample; the
    permeability of a node is the mean over the fine cells around it. A sample is a physical problem first: another
    number of ``nodes`` gives the same domain, the same medium and the same boundary on another mesh.

    Source: Li et al. 2020, arXiv 2003.03485, section 4 (the square), here on many domains.

    Args:
        coefficient: ``two-phase`` (12 where the field is positive, else less) or ``log-normal`` (exp of the field).
        contrast: of the two phases: 12 over the permeability of the other one.
        source: ``f``, one number; of a ``bump``, its greatest value.
        forcing: ``constant``, or ``bump``: a normal distribution about a random place, in the field ``source``.
        permeability_at: ``nodes``, as means over the fine cells around, or ``cells``, as geometric means over their
            parts: a solver knows then in which cells the medium jumps.
        boundary: ``dirichlet``: zero on the whole boundary; ``mixed``: zero on some patches, no flux through others.
        nodes: about how many nodes a mesh has; small holes and narrow parts add some.
        shapes: families of domains: ``square``, ``l_shape``, ``square_with_holes``, ``polygon``, ``disk``.
        held_out: families that only test samples come from, besides new domains of ``shapes``.
        samples_per_mesh: samples on each mesh.
        test_fraction: share of the meshes held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        refinement: parts of each edge in the mesh on which labels are solved.
        field_nodes: about how many nodes the mesh has on which the Gaussian field is drawn.
        tau: inverse of the correlation length.
        scale: factor of the field in the log-normal medium.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = Darcy(nodes=60, shapes=("square",), refinement=2, seed=1).sample(0)
        >>> sorted(draw.mesh.point_data), draw.split
        (['permeability', 'u'], 'train')
    """

    name: ClassVar[str] = "darcy"
    equation: ClassVar[str] = "-div(a grad u) = f; a: permeability, f: source"
    constants: ClassVar[Mapping[str, str]] = {"source": "source", "forcing": "source", "boundary": "boundary"}

    coefficient: Literal["two-phase", "log-normal"] = "two-phase"
    contrast: float = 4.0
    source: float = 1.0
    forcing: Literal["constant", "bump"] = "constant"
    permeability_at: Literal["nodes", "cells"] = "nodes"
    boundary: Literal["dirichlet", "mixed"] = "dirichlet"
    nodes: int = 450
    shapes: tuple[str, ...] = ("square", "l_shape", "square_with_holes", "polygon")
    held_out: tuple[str, ...] = ("disk",)
    samples_per_mesh: int = 1
    test_fraction: float = 1 / 6
    part: Part = "all"
    refinement: int = 3
    field_nodes: int = 4050
    tau: float = 3.0
    scale: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        for option, allowed in (
            ("coefficient", ("two-phase", "log-normal")),
            ("forcing", ("constant", "bump")),
            ("permeability_at", ("nodes", "cells")),
            ("boundary", ("dirichlet", "mixed")),
            ("part", ("all", "train", "test")),
        ):
            if getattr(self, option) not in allowed:
                raise ConfigError(f"{option} is {getattr(self, option)!r}", why=f"known: {', '.join(allowed)}")
        check_families(self.shapes, self.held_out)
        self._check_least(nodes=20, field_nodes=100, refinement=1, seed=0)
        self._check_positive("tau", "scale", "contrast")
        _ = self._deal

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``permeability`` in, ``u`` out; with some options ``source``, and ``fixed``: 1 where ``u`` is given."""
        fixed = (FieldSpec("fixed", role="input"),) if self.boundary == "mixed" else ()
        location = self.permeability_at.removesuffix("s").replace("node", "point")
        source = (FieldSpec(SOURCE, role="input", location="cell"),) if self.forcing == "bump" else ()
        given = FieldSpec("permeability", role="input", location=location), *source, *fixed
        return *given, FieldSpec("u", role="target")

    def sample(self, index: int) -> Draw:
        """A mesh with ``u`` at its nodes, and ``permeability`` there or in its cells.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
        """
        number, split = self._deal.mesh(index)
        index = self._deal.index(index)
        mesh, fine = _meshes(self, number, split, self.nodes, self.refinement)
        walls = self._walls(mesh, index)
        permeability = self._coefficient(self._field(number, split, index)(cell_centroid(fine)))
        f = self._forcing(fine, number, split, index)
        solution = Diffusion(fine, walls).solve(permeability, f)
        u = cells_to_nodes(fine, solution.u, solution.gradient, walls)[: mesh.num_points].numpy()
        data, cell = {"u": u}, dict[str, np.ndarray]()
        if not isinstance(f, float):  # the parts of a cell stand together
            cell[SOURCE] = f.reshape(mesh.num_cells, -1).mean(axis=1)
        if self.permeability_at == "cells":
            cell["permeability"] = np.exp(np.log(permeability).reshape(mesh.num_cells, -1).mean(axis=1))
        else:
            data["permeability"] = around_nodes(fine, permeability)[: mesh.num_points]
        if self.boundary == "mixed":
            data["fixed"] = fixed_nodes(mesh, walls)
        family = _domain(self, number, split).family
        params = {"family": float(list(FAMILIES).index(family)), "mesh": float(number)}
        return Draw(mesh.with_data(data, cell), params, split)

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, self.samples_per_mesh, self.part)

    def _coefficient(self, phi: np.ndarray) -> np.ndarray:
        return two_phase(phi, self.contrast) if self.coefficient == "two-phase" else log_normal(phi, self.scale)

    def _forcing(self, mesh: Mesh, number: int, split: str, index: int) -> float | Float[np.ndarray, " cells"]:
        if self.forcing == "constant":
            return self.source
        places = cell_centroid(_meshes(self, number, split, _PLACES, 1)[0])  # the same whatever ``nodes``
        place = places[int(np.random.default_rng([self.seed, _SOURCE, index]).integers(len(places)))]
        away = np.square(cell_centroid(mesh) - place).sum(axis=1)
        bump: np.ndarray = self.source * np.exp(-away / (2 * _SPREAD**2))
        return bump

    def _walls(self, mesh: Mesh, index: int) -> dict[str, Condition]:
        if self.boundary == "dirichlet":
            return {"*": Dirichlet(0.0)}
        return draw_walls(mesh, np.random.default_rng([self.seed, _WALLS, index]))

    def _field(self, number: int, split: str, index: int) -> RandomField:
        rng = np.random.default_rng([self.seed, _FIELD, index])
        domain = _domain(self, number, split)
        if domain.side > 0:
            return square_field(domain.side, rng, tau=self.tau)
        nodes = round(self.field_nodes / _FIELD_REFINEMENT**2)
        return mesh_field(_meshes(self, number, split, nodes, _FIELD_REFINEMENT)[1], rng, tau=self.tau)


@lru_cache(maxsize=4)
def _domain(problem: Darcy, number: int, split: str) -> Domain:
    rng = np.random.default_rng([problem.seed, _MESH, number])
    families = problem.shapes if split == "train" else (*problem.shapes, *problem.held_out)
    return draw_domain(families[int(rng.integers(len(families)))], rng)


@lru_cache(maxsize=4)
def _meshes(problem: Darcy, number: int, split: str, nodes: int, refinement: int) -> tuple[Mesh, Mesh]:
    """The mesh of a domain with about so many nodes, and the same one cut."""
    domain = _domain(problem, number, split)
    mesh = domain.mesh(domain.edge_length(nodes))
    return mesh, refine(mesh, refinement)
