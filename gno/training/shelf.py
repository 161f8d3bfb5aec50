"""The shelf: levels and edges of meshes that memory does not hold, in a temporary file."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data as Graph

_GIB = 2**30
_MOST = 2**30
"""Bytes of a graph: the system reads and writes no more than twice that at once."""
_SHARE = 0.5
"""Of the free disk, what a shelf may take."""


class Place(NamedTuple):
    """Where the tensors of a graph lie.

    Args:
        kind: class of the graph.
        offset: first byte in the file.
        size: bytes.
        tensors: name, type in the file, type in the graph and shape, one after the other.
    """

    kind: type[Graph]
    offset: int
    size: int
    tensors: tuple[tuple[str, np.dtype, torch.dtype, tuple[int, ...]], ...]


class Shelf:
    """Graphs in a file without a name, which is gone when the process ends, however it ends.

    Node numbers take four bytes, so that a graph is about twice the size of its sample. It lies where temporary files
    do (``TMPDIR``); a disk that is full only ends what is kept.

    Args:
        limit: GiB, at most, and at most half of what is free.

    Example:
        >>> shelf = Shelf(0.1)
        >>> shelf.put(3, Graph(edge_index=torch.tensor([[0, 1], [1, 0]])))
        True
        >>> shelf.get(3).edge_index.tolist(), shelf.get(4)
        ([[0, 1], [1, 0]], None)
    """

    def __init__(self, limit: float) -> None:
        self.left = min(limit * _GIB, _SHARE * shutil.disk_usage(tempfile.gettempdir()).free)
        with tempfile.TemporaryFile() as file:
            self._handle = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._handle)
        self._places: dict[int, Place] = {}
        self._end = 0

    def put(self, number: int, graph: Graph) -> bool:
        """Keep a graph; whether there is room, and it has nothing but tensors.

        Args:
            number: by which it is got.
            graph: on the CPU.
        """
        values = graph.to_dict()
        if not all(isinstance(v, Tensor) and v.layout is torch.strided for v in values.values()):
            return False
        arrays = {name: _short(value).numpy() for name, value in values.items()}
        tensors = tuple((name, a.dtype, values[name].dtype, a.shape) for name, a in arrays.items())
        content = b"".join(np.ascontiguousarray(a).tobytes() for a in arrays.values())
        if len(content) > min(self.left, _MOST):
            return False
        try:
            if os.pwrite(self._handle, content, self._end) < len(content):
                raise OSError("not all of it was written")
        except OSError:  # the disk is full: somebody else needs it, too
            self.left = 0.0
            return False
        self._places[number] = Place(type(graph), self._end, len(content), tensors)
        self._end += len(content)
        self.left -= len(content)
        return True

    def get(self, number: int) -> Graph | None:
        """A graph that was put here; ``None`` if it was not.

        Args:
            number: of the graph.
        """
        place = self._places.get(number)
        if place is None:
            return None
        content, at, values = bytearray(os.pread(self._handle, place.size, place.offset)), 0, {}
        for name, stored, kind, shape in place.tensors:
            array = np.ndarray(shape, stored, buffer=content, offset=at)
            values[name] = torch.from_numpy(array).to(kind) if array.size else torch.zeros(shape, dtype=kind)
            at += array.nbytes
        graph = place.kind()
        graph.update(values)  # which leaves them in their order
        return graph


def _short(value: Tensor) -> Tensor:
    """Numbers of nodes in four bytes, where they fit."""
    if value.dtype != torch.int64 or not value.numel() or int(value.abs().max()) >= 2**31:
        return value
    return value.to(torch.int32)
