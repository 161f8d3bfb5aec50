"""``gno bench kernels``: the kernel integral against PyG's ``NNConv``: time, memory, growth, agreement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from gno.bench.agreement import deviations
from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.layer import HIDDEN, Layer
from gno.bench.memory import DEGREE, is_told, peak_megabytes
from gno.bench.peak import peak_flops
from gno.bench.row import Row
from gno.bench.setting import Setting
from gno.bench.timing import Work, race

PEER = "NNConv"
DEGREES = (20, 50, 150, 400)
ITERATIONS = 6
PASSES = {"forward": 1, "forward + backward": 3}
"""What is run, and how many times the multiplications of a forward pass it needs."""


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of kernels.

    Args:
        setting: sizes and device.
    """
    return [*_layers(setting), *_growth(setting), *_memory(setting), *_agreement(setting)]


def _layers(setting: Setting) -> Iterator[Measurement]:
    """Ratios at several degrees; with one kernel for six iterations; on a level of a multipole cycle."""
    edges = setting.sizes(12_000, quick=400)
    half = [torch.bfloat16] if setting.device.type == "cuda" else []
    for dtype in (torch.float32, *half):
        for passes in PASSES:
            for degree in DEGREES:
                yield _raced(setting, f"degree {degree}", edges // degree, degree, passes, dtype=dtype)
            name = f"degree 100, {ITERATIONS} iterations"
            yield _raced(setting, name, edges // 100, 100, passes, dtype=dtype, iterations=ITERATIONS)
            name, nodes = "multipole level, degree 7, hidden 128", setting.sizes(1_600, quick=60)
            yield _raced(setting, name, nodes, 7, passes, dtype=dtype, hidden=128)


def _growth(setting: Setting) -> Iterator[Measurement]:
    """Time at a fixed degree, up to more edges than the peer has memory for."""
    most_of_peer = setting.sizes(50_000, quick=1_000)
    for passes in PASSES:
        for edges in setting.sizes((10_000, 20_000, 50_000, 100_000, 300_000, 1_000_000), quick=(500, 1_000, 2_000)):
            name, peer = f"growth at degree {DEGREE}", edges <= most_of_peer
            yield _raced(setting, name, edges // DEGREE, DEGREE, passes, peer=peer)


def _raced(
    setting: Setting,
    name: str,
    nodes: int,
    degree: int,
    passes: str,
    *,
    dtype: torch.dtype = torch.float32,
    hidden: int = HIDDEN,
    iterations: int = 1,
    peer: bool = True,
) -> Measurement:
    def measure() -> Row:
        layer = Layer(nodes, degree, hidden=hidden, seed=setting.seed, dtype=dtype, device=setting.device)
        works = [_pass(partial(rival, layer), passes) for rival in _rivals(iterations)[: 1 + peer]]
        costs = race(*works, device=setting.device, patience=setting.patience)
        flops = 2 * PASSES[passes] * layer.multiplications(iterations)
        numbers: dict[str, float | int | str] = {"GFLOP/s": flops / costs[0].processor / 1e9}
        limit = peak_flops(setting.device, dtype)
        if limit:
            share = flops / costs[0].processor / limit
            numbers |= {"share of peak": share, "peak TFLOP/s": limit / 1e12}
        return Row.timed(f"{name}, {passes}{kind}", layer.edges, costs, peer=PEER, numbers=numbers)

    kind = "" if dtype == torch.float32 else f", {str(dtype).removeprefix('torch.')}"
    work = nodes * degree * iterations * PASSES[passes] * (hidden / HIDDEN)
    return Measurement(measure, setting.patience * 3e4 + 4 * work * (10 if peer else 1))


def _rivals(iterations: int) -> list[Callable[[Layer], Tensor]]:
    """Ours, and the peer."""
    if iterations == 1:
        return [Layer.ours_once, Layer.peer_once]
    return [lambda layer: layer.ours_iterated(iterations), lambda layer: layer.peer_iterated(iterations)]


def _pass(make: Callable[[], Tensor], passes: str) -> Work:
    def forward() -> None:
        with torch.no_grad():
            make()

    def both() -> None:
        make().square().mean().backward()

    return forward if passes == "forward" else both


def _memory(setting: Setting) -> Iterator[Measurement]:
    """Peak memory; that of the peer is in proportion to the edges, and many of them rarely fit."""
    if not is_told(setting.device):
        return
    most_of_peer = setting.sizes(60_000, quick=6_000)
    measured: dict[int, float] = {}

    def measure(edges: int) -> Row:
        ours = peak_megabytes("ours", edges, setting.device, seed=setting.seed)
        name, numbers = "peak memory, forward + backward", {}
        if edges <= most_of_peer:
            theirs = measured[edges] = peak_megabytes("peer", edges, setting.device, seed=setting.seed)
        else:
            largest = max(measured)
            theirs, numbers = measured[largest] * edges / largest, {"extrapolated": f"from {largest:,} edges"}
        return Row(name, edges, "megabytes", ours, PEER, theirs, numbers=numbers)

    sizes = setting.sizes((10_000, 60_000, 240_000, 1_000_000), quick=(6_000,))
    for edges in sizes:
        yield Measurement(partial(measure, edges), 2e5 + 12 * edges)


def _agreement(setting: Setting) -> Iterator[Measurement]:
    """Deviations from the peer in float64, on the CPU: other devices may not have it."""

    def measure(dtype: torch.dtype, what: str) -> Row:
        ours, theirs = deviations(nodes, degree, dtype, seed=setting.seed)
        name = f"{what}, {str(dtype).removeprefix('torch.')} from float64"
        values = getattr(ours, what), getattr(theirs, what) if dtype == torch.float32 else None
        return Row(name, nodes * degree, "error", values[0], PEER if values[1] else "", values[1])

    nodes, degree = setting.sizes((200, 30), quick=(30, 10))
    for dtype in (torch.float32, torch.float64):
        for what in ("output", "gradient"):
            yield Measurement(partial(measure, dtype, what), 10.0 * nodes * degree)


BENCHMARK = Benchmark("kernels", "Kernel integral and NNConv", "edges", "n", measurements, on_device=True)
