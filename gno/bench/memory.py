"""Peak memory of a layer, forward and backward, above its inputs."""

from __future__ import annotations

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch

from gno.bench.layer import Layer
from gno.errors import ResourceError

DEGREE = 50
_STATUS = Path("/proc/self/status")


def is_told(device: torch.device) -> bool:
    """Whether the system tells the peak: CUDA does, and Linux."""
    return device.type == "cuda" or _STATUS.exists()


def peak_megabytes(rival: str, edges: int, device: torch.device, *, seed: int = 0) -> float:
    """Megabytes by which memory grows over the inputs.

    On the CPU this is the peak of a process of its own, which holds nothing else.

    Args:
        rival: ``ours`` or ``peer``.
        edges: about how many, of degree 50.
        device: where.
        seed: of the layer.

    Raises:
        ResourceError: the process was killed, most likely for want of memory.
    """
    if device.type == "cuda":
        return _on_cuda(rival, edges, device, seed)
    context = multiprocessing.get_context("spawn")  # a fork would begin with the memory of this process
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(_resident, rival, edges, torch.get_num_threads(), seed).result()
    except BrokenProcessPool as error:
        raise ResourceError(f"{rival} at {edges} edges was killed", why="most likely it ran out of memory") from error


def _resident(rival: str, edges: int, threads: int, seed: int) -> float:
    torch.set_num_threads(threads)
    _step(Layer(40, DEGREE, seed=seed), rival)  # libraries take memory of their own at first use
    layer = Layer(edges // DEGREE, DEGREE, seed=seed)
    before = status("VmRSS")
    _step(layer, rival)
    return status("VmHWM") - before


def _on_cuda(rival: str, edges: int, device: torch.device, seed: int) -> float:
    _step(Layer(40, DEGREE, seed=seed, device=device), rival)
    layer = Layer(edges // DEGREE, DEGREE, seed=seed, device=device)
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    _step(layer, rival)
    torch.cuda.synchronize(device)
    return (torch.cuda.max_memory_allocated(device) - before) / 2**20


def _step(layer: Layer, rival: str) -> None:
    out = layer.ours_once() if rival == "ours" else layer.peer_once()
    out.square().mean().backward()


def status(name: str) -> float:
    """Megabytes of this process, as Linux counts them: now (``VmRSS``) or at most so far (``VmHWM``)."""
    found = re.search(rf"{name}:\s+(\d+) kB", _STATUS.read_text())
    return int(found[1]) / 1024 if found else float("nan")
