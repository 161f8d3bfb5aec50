"""``gno solve``: the finite-volume solvers alone, one file a command."""

from __future__ import annotations

import typer

from gno.cli.solve_compressible import compressible
from gno.cli.solve_darcy import darcy
from gno.cli.solve_euler import euler
from gno.cli.solve_flow import navier_stokes
from gno.cli.solve_scalar import advection_diffusion

solve = typer.Typer(name="solve", help="Solve a PDE on a mesh by finite volumes.", no_args_is_help=True)
for name, command in (
    ("darcy", darcy),
    ("advection-diffusion", advection_diffusion),
    ("navier-stokes", navier_stokes),
    ("euler", euler),
    ("compressible", compressible),
):
    solve.command(name)(command)


@solve.callback()
def _solve() -> None:
    pass
