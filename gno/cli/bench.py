"""``gno bench``: costs as ratios to peers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gno.cli.options import Debug, Device, Json, Quiet
from gno.cli.output import Output

if TYPE_CHECKING:
    from gno.bench import Record


def bench(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="kernels, neighbors, hierarchy, io, solver, training, hybrid, prediction; accuracy"
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the results.")] = Path(
        "runs/bench"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: to see that all runs, not to quote.")] = False,
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads of torch; its own choice without it.")
    ] = None,
    device: Device = "auto",
    case: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="accuracy: darcy, darcy-shapes, burgers, airfoil, ns-torus or cylinder."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(metavar="S", help="accuracy: training of each network.")] = None,
    seeds: Annotated[int | None, typer.Option(metavar="N", min=1, help="accuracy: runs of each network.")] = None,
    peers: Annotated[
        list[str] | None, typer.Option("--peer", metavar="NAME", help="accuracy: who takes part; may be repeated.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="accuracy: processes that make the data.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Measure time, memory and error beside PyG, SciPy, OpenFOAM and others, in turns in one run.

    Ratios say how many times less ours takes. DIR gets NAME.json, after every row, and NAME.png. Ctrl-C keeps the rows.
    "accuracy" trains networks for hours, and runs only where it is named: see its page.
    """
    from gno.bench import NAMES, Setting, benchmark_named, run
    from gno.bench.threads import torch_threads
    from gno.cli.bench_accuracy import bench_accuracy
    from gno.errors import ConfigError
    from gno.files import check_folder
    from gno.training.environment import as_device

    output = Output(as_json=as_json, quiet=quiet)
    of_contest = {"name": case, "seconds": seconds, "seeds": seeds, "peers": peers, "workers": workers}
    if name == "accuracy":
        bench_accuracy(output, out, of_contest | {"threads": threads, "quick": quick})
        return
    if any(value is not None for value in of_contest.values()):
        raise ConfigError("--case, --seconds, --seeds, --peer, --workers", why="they belong to gno bench accuracy")
    benchmarks = [benchmark_named(wanted) for wanted in ([name] if name else NAMES)]
    setting = Setting(as_device(device), quick)
    check_folder(out)
    results = {}
    with torch_threads(threads):
        for benchmark in benchmarks:
            with output.progress() as tell:
                record = run(benchmark, out, setting, progress=tell)
            results[benchmark.name] = _tell(output, record, out)
    output.result({"folder": out, "benchmarks": results})


def _tell(output: Output, record: Record, folder: Path) -> dict[str, Any]:
    name = record.benchmark.name
    files = {"json": folder / f"{name}.json", "picture": folder / f"{name}.png"}
    output.text(f"{record.benchmark.title}: {record.about()}; seconds {record.head['seconds']}")
    output.table(*record.table())
    output.text("\n".join(record.growth()))
    output.text(f"wrote {files['json']} and {files['picture']}\n")
    return record.to_dict() | files
