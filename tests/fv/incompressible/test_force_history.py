"""What is made of forces in time."""

import numpy as np
import pytest

from gno.errors import ConfigError
from gno.fv.incompressible.force_history import ForceHistory, frequency


def shedding(strouhal: float) -> ForceHistory:
    """A lift that starts to swing, about a mean that is not zero."""
    history = ForceHistory(["hole", "wall"])
    for time in np.linspace(0.025, 20, 800):
        lift = 0.2 + np.tanh(time) * np.sin(2 * np.pi * strouhal * 2.0 / 0.5 * time)
        history.append(float(time), {"hole": (3.0 + 1 / time, float(lift)), "wall": (1.0, 1e-18 * float(lift))})
    return history


@pytest.mark.parametrize("strouhal", [0.2, 0.3])
def test_the_strouhal_number_comes_from_the_second_half(strouhal: float) -> None:
    found = shedding(strouhal).summary(velocity=2.0, length=0.5)
    assert found["hole"]["strouhal"] == pytest.approx(strouhal, rel=1e-3)
    assert found["hole"]["cl_mean"] == pytest.approx(0.2, abs=0.05)
    assert found["hole"]["cl_max"] == pytest.approx(1.2, abs=0.01)
    assert found["hole"]["cd_max"] == pytest.approx(3.1, abs=0.001), "not the first moments"
    assert found["hole"]["cd"] == pytest.approx(3.05)
    assert found["wall"]["strouhal"] is None, "rounding is no oscillation"


@pytest.mark.parametrize("signal", [np.ones(50), np.linspace(0, 1, 50), np.exp(-np.linspace(0, 5, 50))])
def test_what_does_not_swing_has_no_frequency(signal: np.ndarray) -> None:
    assert frequency(np.linspace(0, 1, 50), signal) is None


def test_one_period_is_not_enough_and_noise_is_none() -> None:
    t = np.linspace(0, 1.2, 200)
    assert frequency(t, np.sin(2 * np.pi * t)) is None
    assert frequency(t, np.random.default_rng(0).normal(size=200)) is None


def test_the_table_gives_the_numbers_back() -> None:
    history = shedding(0.2)
    header, *rows = history.csv().splitlines()
    assert header == "time,hole_cd,hole_cl,wall_cd,wall_cl"
    table = np.array([[float(x) for x in row.split(",")] for row in rows])
    np.testing.assert_array_equal(table[:, 1:3].T, history.of("hole"))


def test_nothing_can_be_said_of_no_step() -> None:
    with pytest.raises(ConfigError, match="no step"):
        ForceHistory(["hole"]).summary(velocity=1.0, length=1.0)
