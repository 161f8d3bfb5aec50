import math

import pytest

from gno.bench import Row
from gno.bench.growth import curves

SIZES = (10, 100, 1000)


def rows(cost: float, exponent: float) -> list[Row]:
    return [Row("a", n, "seconds", cost * n**exponent, "peer", n**2.0) for n in reversed(SIZES)]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_a_power_law_has_its_exponent_whatever_its_factor(exponent: float) -> None:
    ours, theirs = curves(rows(1e-6, exponent), "n")
    assert ours.exponent == pytest.approx(exponent, abs=1e-12)
    assert theirs.exponent == pytest.approx(2, abs=1e-12)
    assert ours.sizes == theirs.sizes == SIZES


def test_sorting_grows_like_n_log_n() -> None:
    sorting = [Row("a", n, "seconds", 1e-6 * n * math.log(n)) for n in SIZES]
    assert curves(sorting, "n log n")[0].exponent == pytest.approx(1, abs=1e-12)
    assert curves(sorting, "n")[0].exponent > 1.1


def test_what_was_extrapolated_or_has_one_size_makes_no_curve() -> None:
    found = [Row("a", n, "megabytes", 1.0, "peer", float(n), numbers={"extrapolated": "from 10"}) for n in SIZES]
    assert [curve.who for curve in curves(found, "n")] == ["gno"]
    assert curves(found[:1], "n") == []


def test_curves_stand_in_the_order_of_their_rows() -> None:
    found = [Row(name, n, "seconds", float(n)) for name in "ba" for n in SIZES]
    assert [curve.name for curve in curves(found, "n")] == ["b", "a"]
