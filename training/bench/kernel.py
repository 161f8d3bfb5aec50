"""The kernel integral against PyG's NNConv: time and memory, in one run. ``python training/bench/kernel.py [--quick]``.

Width 64, two hidden layers of 256 features, six features an edge, mean, float32. Times are CPU seconds of the process,
the least of some repetitions taken in turns, and the wall clock in brackets; a plan is built once per graph, outside.
Memory is the growth of a child process's peak over its inputs, forward and backward.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # or threads that wait count as CPU seconds; read at import of torch

import torch
from torch import Tensor, nn
from torch_geometric.nn import NNConv

from gno.nn import KernelIntegral
from gno.ops import EdgePlan

WIDTH, HIDDEN, FEATURES, EDGES = 64, 256, 6, 12_000
DEGREES = (20, 50, 150, 400)


class Case:
    """A random graph of one degree, an NNConv, and the kernel integral that equals it."""

    def __init__(self, nodes: int, degree: int) -> None:
        torch.manual_seed(0)
        target = torch.arange(nodes).repeat_interleave(degree)
        self.index = torch.stack([torch.randint(nodes, (len(target),)), target])
        self.attr = torch.randn(len(target), FEATURES)
        self.v = torch.randn(nodes, WIDTH, requires_grad=True)
        layers = [nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU()]
        kernel = nn.Sequential(*layers, nn.Linear(HIDDEN, WIDTH * WIDTH))
        self.conv = NNConv(WIDTH, WIDTH, kernel, aggr="mean", root_weight=False, bias=False)
        self.ours = KernelIntegral.from_nnconv(self.conv)
        self.plan = EdgePlan.build(self.index, nodes, nodes)

    def theirs_once(self) -> Tensor:
        """One layer, matrices formed."""
        return self.conv(self.v, self.index, self.attr)

    def ours_once(self) -> Tensor:
        """One layer, tile by tile."""
        return self.ours(self.v, self.index, self.attr, plan=self.plan)

    def theirs_iterated(self) -> Tensor:
        """Six iterations of one layer."""
        v = self.v
        for _ in range(6):
            v = self.conv(v, self.index, self.attr).relu()
        return v

    def ours_iterated(self) -> Tensor:
        """Six iterations on shared features."""
        hidden, share = self.ours.features(self.index, self.attr, self.plan)
        v = self.v
        for _ in range(6):
            v = self.ours.contract(v, hidden, share, self.plan).relu()
        return v


def seconds(make: Callable[[], Tensor], backward: bool) -> tuple[float, float]:
    """CPU and wall seconds of one evaluation."""
    cpu, wall = time.process_time(), time.perf_counter()
    if backward:
        make().square().mean().backward()
    else:
        with torch.no_grad():
            make()
    return time.process_time() - cpu, time.perf_counter() - wall


def ratio(theirs: Callable[[], Tensor], ours: Callable[[], Tensor], backward: bool, repetitions: int) -> str:
    """How many times quicker ours is, in CPU seconds, and in wall seconds in brackets."""
    for make in (theirs, ours):
        seconds(make, backward)
    times = [(seconds(theirs, backward), seconds(ours, backward)) for _ in range(repetitions)]
    cpu, wall = (min(t[0][k] for t in times) / min(t[1][k] for t in times) for k in (0, 1))
    return f"{cpu:5.1f} ({wall:.1f})"


def peak(kind: str, edges: int) -> float:
    """Megabytes by which the peak of this process grows over its inputs."""
    degree = 50
    warm = Case(40, degree)
    run: dict[str, Callable[[Any], Tensor]] = {"nnconv": Case.theirs_once, "gno": Case.ours_once}
    run[kind](warm).square().mean().backward()  # libraries take memory of their own at first use
    case = Case(edges // degree, degree)
    before = status("VmRSS")
    run[kind](case).square().mean().backward()
    return status("VmHWM") - before


def status(name: str) -> float:
    """Megabytes of this process, as Linux counts them: now (``VmRSS``) or at most so far (``VmHWM``)."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def child_peak(kind: str, edges: int) -> float:
    """``peak`` in a process of its own."""
    command = [sys.executable, __file__, "--peak", kind, str(edges)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the table, or the memory that one child process needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak", nargs=2, metavar=("KIND", "EDGES"), help="of one child process")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.peak:
        print(peak(options.peak[0], int(options.peak[1])))
        return
    repetitions = 2 if options.quick else 5
    print(f"torch {torch.__version__}, {options.threads} threads; ratios to NNConv: CPU (wall)")
    for degree in DEGREES:
        case = Case(EDGES // degree, degree)
        forward, both = (ratio(case.theirs_once, case.ours_once, b, repetitions) for b in (False, True))
        print(f"degree {degree:3}           forward {forward}   forward + backward {both}", flush=True)
    case = Case(EDGES // 100, 100)
    forward, both = (ratio(case.theirs_iterated, case.ours_iterated, b, 1 + repetitions // 2) for b in (False, True))
    print(f"degree 100, T = 6    forward {forward}   forward + backward {both}", flush=True)
    theirs = child_peak("nnconv", 60_000)
    for edges in (60_000, 240_000):
        # NNConv's memory is in proportion to the edges; four times as many rarely fit.
        ours, reference = child_peak("gno", edges), theirs * edges / 60_000
        print(f"{edges:6} edges: {ours:.0f} MB above the inputs, NNConv {reference:.0f} MB: {reference / ours:.0f} x")


if __name__ == "__main__":
    main()
