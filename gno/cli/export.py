"""``gno export``: a model as a program of torch alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gno.cli.options import Debug, Json, MeshFile, ModelFile, Quiet, Set
from gno.cli.output import Output


def export(
    model: ModelFile,
    mesh: MeshFile,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.pt2", help="The program.")],
    set_: Set = None,
    fields: Annotated[
        Path | None, typer.Option("--input", metavar="FIELDS", help="Mesh file whose fields are the inputs.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Write a model as a program that runs with torch alone, on meshes of any size.

    torch.export.load("OUT.pt2").module() takes physical values and returns physical values; the inputs for MESH, fields
    and graph, go with it as example_inputs. Of a model in time it is one step, from a state to the next.
    """
    import torch

    from gno.cli.fields import with_inputs
    from gno.cli.places import check_file
    from gno.cli.predict_in_time import usual_step
    from gno.cli.settings import settings
    from gno.files import replacing
    from gno.mesh import load
    from gno.models import Operator
    from gno.models import export as export_program
    from gno.models.saved import load as load_model

    output = Output(as_json=as_json, quiet=quiet)
    given = settings(set_, example="permeability=1")
    check_file(out, (".pt2",), inputs=[p for p in (model, mesh, fields) if p])
    loaded = load_model(model).eval()
    channels = loaded.inputs if isinstance(loaded, Operator) else loaded.needed
    specs = [channel.spec for channel in channels]
    domain = with_inputs(load(mesh), specs, given, fields)
    if isinstance(loaded, Operator):
        graph = loaded.graph(domain)
    else:
        graph = loaded.at(loaded.graph(domain), loaded.state(domain), usual_step(loaded))
    program = export_program(loaded, graph)
    with replacing(out) as aside:
        torch.export.save(program, aside)
    sizes = {name: list(value.shape) for name, value in program.example_inputs[0][0].items()}
    output.table(["input", "shape for this mesh"], [[name, str(shape)] for name, shape in sizes.items()])
    output.text(f"wrote {out}")
    output.result({"path": out, "inputs": sizes, "fields": [spec.name for spec in specs]})
