"""Flow of a gas about an airfoil: the setting of the hybrid of solver and graph network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from gno.datasets import FieldSpec
from gno.errors import ConfigError, DataError, MeshError, SolverError
from gno.fv import Compressible, CompressibleFlow, FarField, PseudoTime, Report, Slip
from gno.fv.compressible.interpolated import flow_from
from gno.mesh import Mesh, load, shapes
from gno.mesh.means import corner_mean
from gno.problems.problem import Draw, Family

SMOOTH = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
"""Mach numbers without a shock at any angle of the source."""
SHOCKS = (0.55, 0.6, 0.65, 0.7, 0.8)
"""Mach numbers with shocks at some of them."""
BETWEEN, STEEPEST = 0.5, 7.0
"""The Mach number with a shock above this angle, and no other."""


class Case(NamedTuple):
    """One flow.

    Args:
        airfoil: four digits of NACA.
        mach: of the free stream.
        alpha: angle of attack in degrees.
        split: ``train`` or ``test``.
    """

    airfoil: str
    mach: float
    alpha: float
    split: str


@dataclass(frozen=True, kw_only=True)
class AirfoilFlow(Family):
    r"""Steady compressible flow without friction about an airfoil, over angle of attack and Mach number.

    .. math::
        \nabla \cdot (\rho v) = 0, \qquad \nabla \cdot (\rho v \otimes v) + \nabla p = 0, \qquad
        \nabla \cdot \big( (\rho E + p) v \big) = 0

    ``interpolation`` holds Mach numbers out between those of the training. ``shock`` trains where no shock stands and
    tests where shocks do. Both have the tables of the source: angles from -10 to 10 degrees in steps of one; 168
    training and 63 test flows, or 141 and 111. Densities and speeds of sound are those of the free stream.

    Source: de Avila Belbute-Peres et al. 2020, arXiv 2007.04439, section 4.

    Args:
        airfoils: NACA airfoils, of four digits.
        held_out: airfoils of test samples alone.
        experiment: ``interpolation`` or ``shock``.
        alpha_max: largest angle of attack in degrees, to both sides.
        alpha_step: between angles of attack, in degrees.
        around: cells along the airfoil.
        outward: cells from the airfoil to the far field.
        far_field: distance of the far field, in chords.
        mesh: file of the mesh that all flows are found on, with patches ``airfoil`` and ``farfield``, instead of
            ``airfoils``, ``around``, ``outward`` and ``far_field``: the source's own, for example.
        scheme: ``jst``, ``roe`` or ``hllc``.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: of the order of the flows, so that the first ones are like all.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = AirfoilFlow(around=24, outward=12, alpha_max=1.0).sample(0)
        >>> sorted(draw.mesh.point_data), draw.split, draw.params["residual"] < 1e-9
        (['density', 'pressure', 'velocity'], 'train', True)
    """

    name: ClassVar[str] = "airfoil"
    equation: ClassVar[str] = "div F(U) = 0: mass, momentum and energy of a gas without friction; slip on the airfoil"

    airfoils: tuple[str, ...] = ("0012",)
    held_out: tuple[str, ...] = ()
    experiment: Literal["interpolation", "shock"] = "interpolation"
    alpha_max: float = 10.0
    alpha_step: float = 1.0
    around: int = 64
    outward: int = 28
    far_field: float = 20.0
    mesh: str = ""
    scheme: Literal["jst", "roe", "hllc"] = "jst"
    part: Literal["all", "train", "test"] = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_least(around=8, outward=4, alpha_max=0, seed=0)
        self._check_positive("alpha_step", "far_field")
        if not self.airfoils:
            raise ConfigError("airfoils is empty", why="a flow goes about one")
        for digits in (*self.airfoils, *self.held_out):
            shapes.naca(digits)
        if self.mesh and self.num_airfoils > 1:
            raise ConfigError(f"mesh is {self.mesh}", why="it is of one airfoil", fix="leave airfoils and held_out out")
        if not self.cases:
            raise ConfigError(f"part is {self.part!r}", why="no flow is left of it")

    @property
    def cases(self) -> list[Case]:
        """All flows, in the order of the samples."""
        steps = int(self.alpha_max / self.alpha_step + 1e-9)
        angles = [round(self.alpha_step * k, 9) for k in range(-steps, steps + 1)]
        machs = _INTERPOLATION if self.experiment == "interpolation" else (*SMOOTH, BETWEEN, *SHOCKS)
        flows = product((*self.airfoils, *self.held_out), machs, angles)
        found = [Case(airfoil, mach, alpha, self._split(airfoil, mach, alpha)) for airfoil, mach, alpha in flows]
        found = [case for case in found if self.part in ("all", case.split)]
        return [found[k] for k in np.random.default_rng(self.seed).permutation(len(found))]

    @property
    def num_samples(self) -> int:
        """How many flows there are."""
        return len(self.cases)

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Velocity, pressure and density out; nothing but the parameters in."""
        return (
            FieldSpec("velocity", role="target", components=2),
            FieldSpec("pressure", role="target"),
            FieldSpec("density", role="target"),
        )

    def sample(self, index: int) -> Draw:
        """One flow; its parameters are those of the free stream, lift and drag, and how well it is solved.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a number beyond the flows there are.
            MeshError: a mesh file that cannot be read, or without the patches.
            SolverError: the flow was not found.
        """
        cases = self.cases
        if not 0 <= index < len(cases):
            raise ConfigError(f"sample {index} is asked for", why=f"there are {len(cases)} flows")
        case = cases[index]
        mesh = self._mesh(case.airfoil)
        flow = self.solve(mesh, mach=case.mach, alpha=case.alpha)
        data = {name: getattr(flow, name).numpy() for name in ("velocity", "pressure", "density")}
        params = {
            "mach": case.mach,
            "alpha": case.alpha,
            "lift": float(flow.cl),
            "drag": float(flow.cd),
            "residual": flow.report.residual,
        }
        digits = [int(digit) for digit in case.airfoil]
        shape = {"camber": digits[0] / 100, "camber_place": digits[1] / 10, "thickness": int(case.airfoil[2:]) / 100}
        return Draw(mesh.with_data(data), params | (shape if self.num_airfoils > 1 else {}), case.split)

    def solve(self, mesh: Mesh, *, mach: float, alpha: float) -> CompressibleFlow:
        """The flow about the patch ``airfoil`` of a mesh; out of those at smaller angles where it is not found at once.

        Args:
            mesh: with the patches ``airfoil`` and ``farfield``.
            mach: of the free stream.
            alpha: angle of attack in degrees.

        Raises:
            SolverError: the flow was not found.
        """
        solver = self._solver(mesh)
        try:
            return solver.solve(mach=mach, alpha=alpha)
        except SolverError:
            flow = solver.solve(mach=mach, alpha=0.4 * alpha)
            for share in (0.6, 0.8, 0.9, 1.0):
                flow = solver.solve(mach=mach, alpha=share * alpha, initial=flow)
            return flow

    def start(self, mesh: Mesh) -> Mesh:
        """The free stream at the nodes, where the solver starts.

        Args:
            mesh: with ``mach`` and ``alpha``, the same at all nodes.

        Raises:
            DataError: one of them is missing.
        """
        free = self._solver(mesh).free_stream(**_stream_of(mesh))
        fields = (there * one for there, one in zip(free.gas, free.units))
        spread = (field.expand(mesh.num_points, *field.shape[1:]).numpy() for field in fields)
        return mesh.with_data({**mesh.point_data, **dict(zip(("density", "velocity", "pressure"), spread))})

    def improve(self, mesh: Mesh, *, tolerance: float, steps: int) -> tuple[Mesh, Report]:
        """The flow made nearer to the steady one by steps of Newton's method in pseudo-time.

        Args:
            mesh: as in ``start``, with the targets at its nodes.
            tolerance: residual at which it stops, relative to that of the free stream.
            steps: most steps.

        Raises:
            DataError: a field that is missing.
            SolverError: a density or pressure that cannot be kept positive.
        """
        solver = self._solver(mesh)
        free = solver.free_stream(**_stream_of(mesh))
        method = PseudoTime(tolerance=tolerance, max_iterations=steps)
        flow = solver.improve(flow_from(mesh, solver, free), free, method)
        found = {spec.name: getattr(flow, spec.name).numpy() for spec in self.fields}
        means = {name: corner_mean(mesh, values) for name, values in found.items()}
        return mesh.with_data({**mesh.point_data, **found}, {**mesh.cell_data, **means}), flow.report

    def _solver(self, mesh: Mesh) -> Compressible:
        return Compressible(mesh, {"airfoil": Slip(), "farfield": FarField()}, scheme=self.scheme)

    @property
    def num_airfoils(self) -> int:
        """How many airfoils there are, those held out included."""
        return len({*self.airfoils, *self.held_out})

    def _mesh(self, airfoil: str) -> Mesh:
        return _loaded(self.mesh) if self.mesh else _made(airfoil, self.around, self.outward, self.far_field)

    def _split(self, airfoil: str, mach: float, alpha: float) -> str:
        if self.experiment == "interpolation":
            known = mach not in _HELD_OUT
        else:
            known = mach in SMOOTH or (mach == BETWEEN and abs(alpha) <= STEEPEST)
        return "train" if known and airfoil not in self.held_out else "test"


_HELD_OUT = (0.25, 0.45, 0.65)
_INTERPOLATION = (0.2, *_HELD_OUT, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 0.7)


def _stream_of(mesh: Mesh) -> dict[str, float]:
    """The free stream that the nodes of a mesh are told."""
    for name in ("mach", "alpha"):
        if name not in mesh.point_data:
            raise DataError(f"the mesh has no {name!r}", why="the flow depends on it", fix=f"--set {name}=...")
    return {name: float(np.asarray(mesh.point_data[name])[0]) for name in ("mach", "alpha")}


@lru_cache(maxsize=1)
def _loaded(path: str) -> Mesh:
    found = load(path)
    for patch in ("airfoil", "farfield"):
        if patch not in found.boundary:
            raise MeshError(
                f"{path} has no patch {patch!r}",
                why=f"a flow goes about an airfoil in a far field; have: {', '.join(found.boundary) or 'none'}",
                fix="name its markers airfoil and farfield",
            )
    return Mesh(found.points, found.cells, found.boundary)  # fields of the file are none of the sample's


@lru_cache(maxsize=8)
def _made(airfoil: str, around: int, outward: int, far_field: float) -> Mesh:
    return shapes.airfoil_o(shapes.naca(airfoil), around=around, outward=outward, far_field=far_field)
