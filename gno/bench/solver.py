"""``gno bench solver``: flows beside OpenFOAM on the same mesh, or beside what is known of them, and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.diffusion_race import DiffusionRace
from gno.bench.flow_cases import Cavity, Cylinder, FlowCase
from gno.bench.flow_race import FlowRace
from gno.bench.setting import Setting
from gno.bench.time_race import TimeRace
from gno.bench.vortex_street import VortexStreet


class Planned(NamedTuple):
    """A flow to be.

    Args:
        make: the flow, with its mesh.
        known: what is known of it.
        cells: about how many.
    """

    make: Callable[[], FlowCase]
    known: Sequence[str]
    cells: int

    @classmethod
    def cavity(cls, h: float, kind: str) -> Planned:
        """A cavity.

        Args:
            h: length of edges.
            kind: ``quad`` or ``delaunay``.
        """
        return cls(partial(Cavity, h, kind), Cavity.known, round((1 if kind == "quad" else 2.3) / h**2))

    @classmethod
    def cylinder(cls, finest: float, coarsest: float) -> Planned:
        """A channel with a cylinder.

        Args:
            finest: length of edges at the cylinder.
            coarsest: the greatest length.
        """
        return cls(partial(Cylinder, finest, coarsest), Cylinder.known, round(1.4 / finest / coarsest))


FLOWS = (
    Planned.cavity(1 / 32, "quad"),
    Planned.cavity(1 / 64, "quad"),
    Planned.cavity(1 / 32, "delaunay"),
    Planned.cavity(1.52 / 64, "delaunay"),
    Planned.cylinder(0.008, 0.04),
    Planned.cylinder(0.004, 0.02),
)
QUICK = Planned.cavity(1 / 8, "quad"), Planned.cavity(1 / 12, "quad"), Planned.cylinder(0.03, 0.1)
EDGES = 1 / 30, 1 / 66, 1 / 132
"""Lengths of the triangles that diffusion is solved on: about 2,000, 10,000 and 40,000."""


IN_TIME = 1 / 28, 1 / 58
"""Lengths of the triangles that gradients through time are measured on: about 2,000 and 8,000."""


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of solvers.

    Args:
        setting: sizes.
    """
    flows = [row for planned in setting.sizes(FLOWS, quick=QUICK) for row in _flow(planned, setting)]
    diffusion = [row for h in setting.sizes(EDGES, quick=EDGES[:1]) for row in _diffusion(h, setting)]
    return [*flows, *diffusion, *_in_time(setting)]


def _flow(planned: Planned, setting: Setting) -> Iterator[Measurement]:
    """Cost of a flow, its errors, and the cost of a gradient."""
    race = FlowRace(planned.make, patience=setting.patience)
    yield Measurement(race.cost, planned.cells)
    for name in planned.known:
        yield Measurement(partial(race.error, name), planned.cells / 1e3)
    yield Measurement(race.gradient, planned.cells / 2)


def _diffusion(h: float, setting: Setting) -> Iterator[Measurement]:
    race, cells = DiffusionRace(h, patience=setting.patience), 2.3 / h**2
    yield Measurement(race.cost, cells / 10)
    yield Measurement(race.error, cells / 1e2)
    yield Measurement(race.gradient, cells / 10)


def _in_time(setting: Setting) -> Iterator[Measurement]:
    """Cost of gradients through time, and errors of the vortex street."""
    for h in setting.sizes(IN_TIME, quick=(1 / 12,)):
        race = TimeRace(h, patience=setting.patience)
        yield Measurement(race.gradient, 2.3 / h**2)
        yield Measurement(race.by_nodes, 2.3 / h**2)
    street = VortexStreet(*setting.sizes((0.003, 0.03, 0.0007, 4.5), quick=(0.03, 0.1, 0.004, 1.0)))
    for number, name in enumerate(VortexStreet.known):
        yield Measurement(partial(street.error, name), 1 if number else 5000 * street.end / street.dt)


BENCHMARK = Benchmark("solver", "Finite volumes and OpenFOAM", "cells", "n", measurements)
