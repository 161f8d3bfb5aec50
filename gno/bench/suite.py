"""Running of a benchmark: row by row, each kept as soon as it is there."""

from __future__ import annotations

import importlib
from pathlib import Path

from gno.bench import NAMES
from gno.bench.benchmark import Benchmark
from gno.bench.picture import growth_picture
from gno.bench.record import Record
from gno.bench.setting import Setting
from gno.datasets.naming import suggestion
from gno.errors import ConfigError, Interrupted
from gno.files import make_folder
from gno.training.progress import Event, Progress, silent


def benchmark_named(name: str) -> Benchmark:
    """The benchmark of a name.

    Args:
        name: ``kernels``, ``neighbors``, ``hierarchy``, ``io`` or ``solver``.

    Raises:
        ConfigError: there is none.

    Example:
        >>> benchmark_named("hierarchy").law
        'n log n'
    """
    if name not in NAMES:
        why, fix = f"known: {', '.join(NAMES)}", suggestion(name, NAMES) or "leave it out to run all"
        raise ConfigError(f"benchmark {name!r} is unknown", why=why, fix=fix)
    found: Benchmark = importlib.import_module(f"gno.bench.{name}").BENCHMARK
    return found


def run(
    benchmark: Benchmark, folder: Path, setting: Setting | None = None, *, progress: Progress | None = None
) -> Record:
    """Measure all rows: ``NAME.json`` in the folder holds those so far; in the end ``NAME.png`` is drawn.

    Args:
        benchmark: which.
        folder: where the files go; it is made.
        setting: sizes and device.
        progress: told of every row.

    Raises:
        Interrupted: by Ctrl-C or SIGTERM; the rows so far are kept.
        ResourceError: a file cannot be written, or the memory does not suffice.
    """
    setting = setting or Setting()
    if not benchmark.on_device:
        setting = Setting(quick=setting.quick, seed=setting.seed)
    record, path = Record(benchmark, setting), Path(folder) / f"{benchmark.name}.json"
    make_folder(Path(folder))
    try:
        _measure(record, path, progress or silent)
    except (KeyboardInterrupt, Interrupted) as stop:
        signum = stop.exit_code - 128 if isinstance(stop, Interrupted) else 2
        what, kept = f"benchmark {benchmark.name} stopped", f"{len(record.rows)} rows are in {path}"
        raise Interrupted(what, why=kept if record.rows else "no row was finished", signum=signum) from stop
    growth_picture(record, path.with_suffix(".png"))
    return record


def _measure(record: Record, path: Path, tell: Progress) -> None:
    measurements = record.benchmark.measurements(record.setting)
    total, done = sum(m.cost for m in measurements), 0.0
    for measurement in measurements:
        row = measurement.measure()
        record.rows.append(row)
        record.complete = len(record.rows) == len(measurements)
        record.write(path)
        done += measurement.cost
        percent = 100 if record.complete else min(99, int(100 * done / total))
        numbers = {} if row.ratio is None else {"ratio": row.ratio}
        stage = f"{record.benchmark.name}, percent"
        tell(Event(stage, percent, 100, numbers, milestone=True))
