"""The processes that share a run: this one alone, or those that torchrun started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import nn

from gno.errors import ResourceError

_LOST = re.compile(r"gloo|nccl|connection (was )?(closed|reset|refused)|broken pipe|timed out|TCPStore", re.IGNORECASE)
"""What a backend says when a process it waits for has ended."""


class Processes:
    """The processes of a run, as one of them sees them.

    Whatever adds up over them must be called by all, in the same order.

    Args:
        rank: number of this process, from 0.
        size: of all.
        device: where this process computes.

    Example:
        >>> Processes().total([1.0, 2.0])
        [1.0, 2.0]
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None) -> None:
        self.rank, self.size, self.device = rank, size, device or torch.device("cpu")

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes and tells."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there is no other."""
        return self.size == 1

    def total(self, numbers: Sequence[float]) -> list[float]:
        """Sums over the processes, equal on all.

        Args:
            numbers: as many on each.
        """
        return list(numbers) if self.is_alone else self._added(numbers, dist.ReduceOp.SUM)

    def most(self, number: int) -> int:
        """The greatest number of all.

        Args:
            number: of this one.
        """
        return number if self.is_alone else int(self._added([number], dist.ReduceOp.MAX)[0])

    def wait(self) -> None:
        """Go on when all have come here."""
        self.most(0)

    def add_gradients(self, module: nn.Module, value: float = 0.0) -> float:
        """Replace the gradients of a module by their sums over the processes, in one message.

        A parameter that no process has a gradient of keeps none.

        Args:
            module: with the same parameters everywhere.
            value: a number to add up beside.

        Returns:
            the sum of that number.
        """
        if self.is_alone:
            return value
        wanted = [p for p in module.parameters() if p.requires_grad]
        dtype = max((p.dtype for p in wanted), key=lambda kind: torch.finfo(kind).bits)
        parts = [(torch.zeros_like(p) if p.grad is None else p.grad).flatten().to(dtype) for p in wanted]
        parts.append(torch.tensor([*(float(p.grad is not None) for p in wanted), value], dtype=dtype).to(self.device))
        message = torch.cat(parts)
        dist.all_reduce(message)
        *sums, known = message.split([part.numel() for part in parts])
        *has, total = known.tolist()
        for parameter, gradient, count in zip(wanted, sums, has):
            parameter.grad = gradient.view_as(parameter).to(parameter.dtype) if count else None
        return float(total)

    def _added(self, numbers: Sequence[float], by: dist.ReduceOp.RedOpType) -> list[float]:
        values = torch.tensor(list(numbers), dtype=torch.float64, device=self.device)
        dist.all_reduce(values, op=by)
        result: list[float] = values.tolist()
        return result


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """The processes that torchrun started, joined as long as the context lasts; else this one alone.

    They speak through gloo on the CPU and NCCL on CUDA.

    Args:
        device: where this process computes.

    Raises:
        ResourceError: another process has ended while this one waited for it.

    Example:
        >>> with joined(torch.device("cpu")) as processes:
        ...     processes.is_alone
        True
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes(device=device)
        return
    ours = not dist.is_initialized()
    if ours:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), device)
    except RuntimeError as error:
        if not is_lost(error):
            raise
        raise ResourceError(
            "another process of the run has ended",
            why=f"its own message says why; without one it was killed, perhaps for want of memory ({_line(error)})",
            fix="start all again with --resume (resume=True)",
        ) from error
    finally:
        if ours:
            dist.destroy_process_group()


def is_lost(error: BaseException) -> bool:
    """Whether an error says that another process is gone.

    Args:
        error: of torch.

    Example:
        >>> is_lost(RuntimeError("Connection closed by peer [127.0.0.1]:3")), is_lost(RuntimeError("out of memory"))
        (True, False)
    """
    return isinstance(error, RuntimeError) and _LOST.search(str(error)) is not None


def _line(error: BaseException) -> str:
    return re.sub(r"^\[\S+\] ", "", " ".join(str(error).split())).partition(". ")[0][:120]
