"""Tensors that ``torch.save`` wrote: a zip, from which no code is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gno.datasets.guard import refusing
from gno.datasets.sources.source import Source, real
from gno.errors import DataError, ResourceError


class TensorSource(Source):
    """Tensors of a ``.pt`` file by their keys; those of nested lists and dictionaries by ``key/key``.

    Args:
        path: the file.

    Raises:
        DataError: no zip of tensors, cut short, or with objects that need code to be made.
        ResourceError: a tensor claims to be larger than the file.
    """

    kind = "torch"

    def __init__(self, path: Path) -> None:
        import pickle

        import torch

        try:
            with refusing(path):
                content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except DataError as error:
            if isinstance(error.__cause__, pickle.UnpicklingError):
                raise DataError(
                    f"{path} holds objects that only code can make: refused",
                    why="code in a data file can do anything",
                    fix="save its tensors alone, as a dictionary: torch.save({'x': x, 'y': y}, path)",
                ) from error
            raise
        self._tensors = dict(_named(content, ""))
        size = path.stat().st_size
        for name, tensor in self._tensors.items():
            claimed = tensor.numel() * tensor.element_size()  # a sparse tensor has no nbytes
            if claimed > size:
                raise ResourceError(
                    f"{path}: {name} claims {claimed} bytes",
                    why=f"the file has {size}",
                    fix="do not trust this file",
                )
        super().__init__(path, {name: tuple(tensor.shape) for name, tensor in self._tensors.items()})

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Rows of a tensor."""
        shape = self.shape(name)
        with refusing(self.path):
            tensor = self._tensors[name][start:stop] if shape else self._tensors[name]
            if tensor.dtype.is_floating_point and tensor.element_size() < 4:
                tensor = tensor.float()
            return real(self.path, name, tensor.numpy())

    def close(self) -> None:
        """Forget the tensors."""
        super().close()
        self._tensors.clear()


def _named(content: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(content, torch.Tensor):
        yield prefix or "tensor", content
        return
    if isinstance(content, (list, tuple)):
        content = dict(enumerate(content))
    for key, value in content.items() if isinstance(content, dict) else ():
        yield from _named(value, f"{prefix}/{key}" if prefix else str(key))
