"""The tutorial of the documentation runs, and its prediction is as good as its words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs/gallery/plot_darcy.py"


@pytest.mark.slow
def test_the_operator_of_the_tutorial_beats_the_mean_permeability(tmp_path: Path) -> None:
    environment = os.environ | {"MPLBACKEND": "Agg", "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    numbers = dict(re.findall(r"^(.+?):\s+([\d.]+)$", done.stdout, flags=re.MULTILINE))
    # Other seeds of the run move the first number between 0.12 and 0.16; the second is 0.33.
    error = float(numbers["relative L2 error of the operator"])
    assert error < 0.22
    assert error < 0.7 * float(numbers["of the solution with the mean permeability"])
