import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gno.report.scale import ColorScale

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(arrays(np.float64, st.integers(1, 30), elements=FINITE))
def test_zero_is_in_the_middle_of_a_diverging_scale(values: np.ndarray) -> None:
    scale = ColorScale.diverging(values)
    assert scale.low == -scale.high < 0
    assert scale.norm()(0.0) == 0.5


@given(arrays(np.float64, st.integers(1, 30), elements=FINITE))
def test_a_sequential_scale_covers_all_values_or_says_that_it_does_not(values: np.ndarray) -> None:
    scale = ColorScale.sequential(values)
    assert scale.low < scale.high
    assert scale.extend in ("min", "both") or values.min() >= scale.low
    assert scale.extend in ("max", "both") or values.max() <= scale.high


def test_a_single_spike_does_not_wash_out_the_rest() -> None:
    values = np.append(np.linspace(0, 1, 1000), 1e6)
    scale = ColorScale.sequential(values)
    assert scale.high < 2
    assert scale.extend in ("max", "both")
    spike = np.append(np.zeros(1000), 1e6)
    assert ColorScale.sequential(spike).high == 1e6, "a field that is nothing but its spike keeps it"


def test_one_scale_for_two_fields_covers_both() -> None:
    scale = ColorScale.sequential(np.array([0.0, 1.0]), np.array([-2.0, 0.5]))
    assert (scale.low, scale.high) == (-2.0, 1.0)


def test_values_that_are_not_finite_are_left_out() -> None:
    scale = ColorScale.sequential(np.array([np.nan, 1.0, np.inf, 2.0]))
    assert (scale.low, scale.high) == (1.0, 2.0)
    assert ColorScale.sequential(np.array([np.nan])).low < ColorScale.sequential(np.array([np.nan])).high
