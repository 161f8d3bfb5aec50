"""The vortex street behind a cylinder in a channel at Reynolds 100."""

from __future__ import annotations

import pytest

from gno.bench.references import STREET
from gno.bench.vortex_street import VortexStreet


@pytest.mark.long
def test_frequency_drag_and_lift_of_the_vortex_street() -> None:
    """Case 2D-2 of Schaefer and Turek 1996: St .295 to .305, largest drag 3.22 to 3.24 and lift .99 to 1.01."""
    found, _ = VortexStreet(0.003, 0.03, 0.0007, 4.5).found
    assert found["strouhal"] == pytest.approx(STREET["strouhal"], rel=0.02)
    assert found["drag"] == pytest.approx(STREET["drag"], rel=0.02)
    assert found["lift"] == pytest.approx(STREET["lift"], rel=0.05)
