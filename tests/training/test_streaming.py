"""A run on a file larger than the memory that it may have."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec
from gno.mesh import shapes

SAMPLES, LIMIT = 480, 512
"""Samples of 2.5 MB, and megabytes beyond what the process has once torch is loaded."""

STREAMED = """
import json, resource, sys
from pathlib import Path

from gno.training import Recipe, train

def pages(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

table = {
    "threads": 1,
    "model": {"name": "gcn", "options": {"width": 4, "depth": 1}},
    "data": {"memory": 0.05, "disk": 0.0, "valid_share": 0.0},
    "optimization": {"epochs": 1},
}
limit = int((pages("VmSize") + float(sys.argv[3])) * 2**20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sizes = []

def progress(event):
    if event.stage == "training":
        sizes.append(pages("VmRSS"))

run = train(Recipe.make(table), sys.argv[1], sys.argv[2], progress=progress)
print(json.dumps(sizes))
"""


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the memory of a process")
def test_a_file_twice_as_large_as_memory_is_trained_on_in_constant_memory(tmp_path: Path) -> None:
    mesh, rng = shapes.square(0.011, seed=0), np.random.default_rng(0)
    fields = [FieldSpec("a", components=32), FieldSpec("u", role="target", components=32)]
    with DatasetWriter(tmp_path / "d.h5", fields, compress=False) as writer:
        for _ in range(SAMPLES):
            values = {spec.name: rng.random((mesh.num_points, 32), dtype=np.float32) for spec in fields}
            writer.append(mesh.with_data(values), split="train")
    assert (tmp_path / "d.h5").stat().st_size > 2 * LIMIT * 2**20
    command = [sys.executable, "-c", STREAMED, tmp_path / "d.h5", tmp_path / "run", str(LIMIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sizes = json.loads(done.stdout)
    assert len(sizes) == SAMPLES // 4 + 1
    print(
        f"{(tmp_path / 'd.h5').stat().st_size / 2**20:.0f} MiB read, resident from {sizes[10]:.0f} to {sizes[-1]:.0f}"
    )
    assert max(sizes[10:]) - sizes[10] < 40
