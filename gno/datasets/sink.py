"""The file under HDF5 while it writes: a full disk is noted here, because HDF5 itself crashes on a write that fails."""

from __future__ import annotations

import io
from pathlib import Path
from types import TracebackType
from typing import Any


class Sink(io.FileIO):
    """A file for ``h5py.File`` that takes every write, and raises what went wrong when it is asked, or left.

    Args:
        path: where to write.

    Raises:
        OSError: the first write that failed; from ``check``, or at the end of the ``with`` block.

    Example:
        >>> import h5py
        >>> from tempfile import mkdtemp
        >>> with Sink(Path(mkdtemp()) / "a.h5") as sink, h5py.File(sink, "w") as file:
        ...     file["x"] = [1, 2]
        ...     sink.check()
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it; after a failure, nothing."""
        rest = memoryview(data).cast("B")
        total = len(rest)
        try:
            while self._error is None and len(rest):
                rest = rest[super().write(rest) :]
        except OSError as error:
            self._error = error
        return total

    def truncate(self, size: int | None = None) -> int:
        """Set the size, if that is possible."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise self._error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.check()
