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
"""``Debug`` is looked up among the words of the command line, where errors end; commands only name it."""
