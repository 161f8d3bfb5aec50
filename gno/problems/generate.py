"""Generation of datasets: sample by sample, in parallel, and resumable."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from gno.datasets import DatasetWriter
from gno.errors import ConfigError, ResourceError
from gno.problems.problem import Draw, Family

# Threads of numerical libraries would fight for the cores that the workers have.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def generate(
    problem: Family,
    path: str | os.PathLike[str],
    n: int,
    *,
    workers: int = 1,
    shard: tuple[int, int] = (0, 1),
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a dataset of a problem.

    A run that was stopped goes on where it was when it is called again; the file is the same as if it had not been
    stopped, and the same for any number of workers.

    Args:
        problem: the problem; its ``seed`` is that of all samples.
        path: the file to be, by custom ``*.h5``.
        n: number of samples, of all shards together.
        shard: ``(k, K)``: the samples of the ``k``-th of ``K`` files, counted from 0, which ``gno.datasets.merge`` puts
            together; jobs on several machines need nothing else of each other.
        workers: processes; with more than one a script needs the guard ``if __name__ == "__main__":``.
        progress: called with the number of samples done, and of all in the file, after each.
        overwrite: replace a finished file at ``path``.

    Returns:
        ``path``.

    Raises:
        ConfigError: no samples or no workers asked for, more samples than there are, or a shard that is none.
        DataError: a file is in the way, or the unfinished file there is of another problem.
        ResourceError: the disk is full, or a worker was killed; what was written before is kept.

    Example:
        >>> from gno.problems import Darcy
        >>> from tempfile import mkdtemp
        >>> problem = Darcy(nodes=60, shapes=("square",), held_out=(), test_fraction=0.5, refinement=2)
        >>> path = generate(problem, mkdtemp() + "/two.h5", 2)
        >>> from gno.datasets import MeshDataset
        >>> with MeshDataset(path) as dataset:
        ...     dataset.splits["train"].tolist(), dataset.splits["test"].tolist()
        ([0], [1])
    """
    if n < 1 or workers < 1:
        raise ConfigError(f"{n} samples by {workers} workers", why="both must be at least 1")
    if problem.num_samples is not None and n > problem.num_samples:
        raise ConfigError(
            f"{n} samples are asked for", why=f"{problem.name} has {problem.num_samples} with these options",
            fix=f"ask for {problem.num_samples} or fewer",
        )  # fmt: skip
    first, number = _block(n, *shard)
    attributes = problem.attributes()
    with DatasetWriter(path, problem.fields, attributes=attributes, resume=True, overwrite=overwrite) as writer:
        done = writer.num_samples
        if done > number:
            raise ConfigError(
                f"{number} samples are asked for",
                why=f"the unfinished file has {done} already",
                fix=f"ask for {done} or more, or remove {path}.part",
            )
        with _draws(problem, range(first + done, first + number), workers) as draws:
            for draw in draws:
                writer.append(draw.mesh, draw.params, draw.split, time=draw.time, point_series=draw.point_series)
                done += 1
                if progress is not None:
                    progress(done, number)
    return Path(path)


def _block(n: int, part: int, parts: int) -> tuple[int, int]:
    """First sample and number of samples of a shard."""
    if not 0 <= part < parts <= n:
        raise ConfigError(
            f"shard {part} of {parts}, of {n} samples",
            why="shards count from 0, and each has a sample",
            fix="give another shard, or none",
        )
    first = n * part // parts
    return first, n * (part + 1) // parts - first


@contextmanager
def _draws(problem: Family, indices: range, workers: int) -> Iterator[Iterator[Draw]]:
    """Samples in order, drawn here or by workers."""
    if workers == 1 or len(indices) < 2:
        yield (problem.sample(index) for index in indices)
        return
    context = _Spawn()
    pool = ProcessPoolExecutor(workers, context, initializer=_ignore_interrupt)
    with _one_thread_each():
        draws = pool.map(problem.sample, indices)
    try:
        yield draws
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in context.workers:  # a sample may take minutes
            worker.terminate()
        if not isinstance(error, BrokenProcessPool):
            raise
        raise ResourceError(
            "a worker process has ended",
            why="it was killed, perhaps for want of memory",
            fix="give the same command again: it goes on where it was; fewer workers need less memory",
        ) from error
    pool.shutdown()


class _Spawn(SpawnContext):
    """Processes are spawned, because a fork inherits locks of threads that it has not; and they are remembered.

    With an executor, not a pool: that waits forever for a sample whose worker was killed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.workers: list[SpawnProcess] = []

    def Process(self, *args: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]
        worker = SpawnProcess(*args, **options)
        self.workers.append(worker)
        return worker


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def _ignore_interrupt() -> None:
    """Ctrl-C is for the parent: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
