"""``gno solve darcy``: flow through a porous medium."""

from __future__ import annotations

import time

from gno.cli.options import Conditions, Debug, Fields, Json, MeshFile, Quiet, Set
from gno.cli.output import Output


def darcy(
    mesh: MeshFile,
    out: Fields,
    set_: Set = None,
    bc: Conditions = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Steady flow through a porous medium, -div(a grad u) = f.

    --set permeability=VALUE and --set source=VALUE take a number or the name of a field.

    Without, the fields of these names are taken, and 1 where the mesh has none.

    On the boundary u is 0, or what --bc says: --bc inlet=dirichlet:1 --bc '*=neumann:0'. Kinds: dirichlet:VALUE,
    neumann:FLUX, robin:TRANSFER,VALUE, symmetry, periodic:PATCH.

    Where only fluxes are given, --set mean=M says which of the solutions is meant.
    """
    from gno.cli.conditions import SCALAR, conditions
    from gno.cli.darcy import darcy_fields
    from gno.cli.outcome import ends, tell_flux, tell_report
    from gno.cli.places import check_file
    from gno.cli.prediction import write_with_picture
    from gno.cli.settings import settings
    from gno.errors import within_memory_of
    from gno.mesh import load

    output = Output(as_json=as_json, quiet=quiet)
    given = settings(set_, example="permeability=1")
    boundary = conditions(bc, SCALAR)
    check_file(out, (".vtu", ".msh"), inputs=[mesh])
    domain = load(mesh)
    begun = time.perf_counter()
    with within_memory_of("a solve", domain.num_cells, of="cells"):
        solved, shown, solution = darcy_fields(domain, given, boundary)
    seconds = time.perf_counter() - begun
    picture = write_with_picture(solved, shown, out, title="solution of -div(a grad u) = f")
    flux, about = tell_flux(output, solution.flux), tell_report(output, solution.report, seconds)
    output.text(f"wrote {out} and {picture}")
    files = {"path": out, "picture": picture}
    output.result({**about, "flux": flux, "u": ends(solution.u), "seconds": seconds, **files})
