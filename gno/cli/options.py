"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of every error.")]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="Where to compute: cpu, cuda, cuda:1, or auto.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a value; may be repeated.")]
MeshFile = Annotated[
    Path, typer.Argument(metavar="MESH", help="Mesh: .su2, .msh, .vtu, .vtk, .xdmf or an OpenFOAM folder.")
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file: .safetensors.")]
Fields = Annotated[Path, typer.Option("-o", "--out", metavar="OUT.vtu", help="Fields; a picture lies beside it.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--bc", metavar="PATCH=KIND[:VALUE]", help="What holds on a patch; '*' names all others."),
]
Initial = Annotated[
    Path | None,
    typer.Option("--initial", metavar="FLOW.vtu", help="Start from a flow of the same stream, on any mesh."),
]
Until = Annotated[float | None, typer.Option("--time", metavar="T", help="Go through time until T.")]
Steps = Annotated[int | None, typer.Option("--steps", metavar="N", min=1, help="Steps in time.")]
Every = Annotated[int | None, typer.Option("--every", metavar="K", min=1, help="Write each K-th step.")]
"""``Debug`` is looked up among the words of the command line, where errors end; commands only name it."""
