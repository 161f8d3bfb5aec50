"""The tests of the kernels on the CPU, in Triton's interpreter, which a process has from its start or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

LAZY = """
import sys, torch
from gno.ops import kernel_contraction
from gno.ops.triton import contract_triton, is_available
is_available(torch.device("cpu"))
assert "triton" not in sys.modules
"""


@pytest.mark.slow
def test_the_kernels_are_right_in_the_interpreter() -> None:
    pytest.importorskip("triton")
    # No plugin that the run around this one was given, and no options of it.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | {"TRITON_INTERPRET": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "test_contract.py")]
    run = subprocess.run(command, cwd=HERE.parents[2], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
    assert "skipped" not in run.stdout


def test_triton_is_not_imported_before_a_kernel_runs() -> None:
    subprocess.run([sys.executable, "-c", LAZY], check=True, cwd=HERE.parents[2])
