import json
from functools import partial
from pathlib import Path

import pytest

from gno.bench import NAMES, Benchmark, Row, Setting, benchmark_named, run
from gno.bench.benchmark import Measurement
from gno.errors import ConfigError, Interrupted
from gno.training.progress import Event


def row(size: int) -> Row:
    return Row("sum", size, "seconds", 1e-6 * size, "peer", 1e-5 * size, 2e-6 * size, 1e-5 * size, {"edges": size})


def stopping(error: BaseException) -> Row:
    raise error


def benchmark(*measurements: Measurement) -> Benchmark:
    return Benchmark("fake", "A fake", "points", "n", lambda _: measurements)


ROWS = [Measurement(partial(row, size), size) for size in (10, 100, 1000)]


def test_a_run_leaves_its_rows_and_a_picture(tmp_path: Path) -> None:
    events: list[Event] = []
    record = run(benchmark(*ROWS), tmp_path / "new" / "folder", progress=events.append)
    found = json.loads((tmp_path / "new" / "folder" / "fake.json").read_text())
    assert found == json.loads(json.dumps(record.to_dict()))
    assert found["complete"]
    assert [r["size"] for r in found["rows"]] == [10, 100, 1000]
    assert [r["ratio"] for r in found["rows"]] == [pytest.approx(10)] * 3
    assert [r["ratio_wall"] for r in found["rows"]] == [pytest.approx(5)] * 3
    assert [(c["who"], round(c["exponent"], 9)) for c in found["growth"]] == [("gno", 1), ("peer", 1)]
    assert (tmp_path / "new" / "folder" / "fake.png").read_bytes()[:4] == b"\x89PNG"
    assert [event.done for event in events] == [0, 9, 100]  # by what the rows cost, not by their number


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Interrupted("stopped", signum=15), 143)])
def test_an_interrupt_keeps_the_rows_so_far(tmp_path: Path, error: BaseException, code: int) -> None:
    stop = Measurement(partial(stopping, error), 1)
    with pytest.raises(Interrupted, match="2 rows are in") as stopped:
        run(benchmark(*ROWS[:2], stop, ROWS[2]), tmp_path)
    assert stopped.value.exit_code == code
    found = json.loads((tmp_path / "fake.json").read_text())
    assert [r["size"] for r in found["rows"]] == [10, 100]
    assert not found["complete"]
    assert [path.name for path in tmp_path.iterdir()] == ["fake.json"]


def test_what_cannot_grow_has_a_picture_too(tmp_path: Path) -> None:
    run(benchmark(ROWS[0]), tmp_path)
    assert (tmp_path / "fake.png").is_file()


def test_a_row_without_a_peer_has_no_ratio() -> None:
    alone = Row("a", 1, "error", 0.0)
    assert alone.ratio is None
    assert "ratio_wall" not in alone.to_dict()


@pytest.mark.parametrize("name", NAMES)
def test_sizes_to_quote_are_not_those_of_a_quick_run(name: str) -> None:
    found = benchmark_named(name)
    full, quick = (sum(m.cost for m in found.measurements(Setting(quick=q))) for q in (False, True))
    assert found.name == name
    assert full > 3 * quick


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match="kernels"):
        benchmark_named("kernel")
