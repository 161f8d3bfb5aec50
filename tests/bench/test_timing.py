import pytest
import torch

from gno.bench.threads import torch_threads
from gno.bench.timing import FEWEST, MOST, race, stopwatch


@pytest.mark.parametrize(("patience", "number"), [(0, FEWEST), (60, MOST)])
def test_rivals_run_in_turns_and_the_patient_wait_for_more(patience: int, number: int) -> None:
    told: list[str] = []
    race(lambda: told.append("ours"), lambda: told.append("theirs"), patience=patience)
    assert told == ["ours", "theirs"] * number


def test_the_least_of_both_clocks_counts() -> None:
    loops = iter([3_000_000, 1_000, 3_000_000])  # the first runs are slow, as when libraries wake up
    (least,) = race(lambda: sum(range(next(loops))), patience=0)
    slow = stopwatch(lambda: sum(range(3_000_000)))
    assert 0 <= least.processor < slow.processor
    assert 0 < least.wall < slow.wall


def test_the_number_of_threads_is_put_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
