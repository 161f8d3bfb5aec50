"""Graph data that PyG batches rightly whatever its fields are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gno.errors import DataError

_PYG = ("batch", "ptr")  # what PyG itself adds to a batch
_FREE = ("x", "y", "time", "face")  # names that PyG knows and leaves to the user


class GraphData(Data):
    """A graph whose fields keep their values in a batch.

    PyG shifts every attribute with "index", "batch" or "face" in its name; a field ``refractive_index`` would be
    spoiled. Here only ``edge_index`` is shifted.

    Example:
        >>> from torch_geometric.data import Batch
        >>> one = GraphData(pos=torch.zeros(2, 2), refractive_index=torch.ones(2))
        >>> Batch.from_data_list([one, one]).refractive_index
        tensor([1., 1., 1., 1.])
    """

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        """What is added to ``key`` for each graph before this one in a batch."""
        if key in _PYG:
            return super().__inc__(key, value, *args, **kwargs)
        return self.num_nodes if key == "edge_index" else 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        """The axis along which ``key`` is put together in a batch."""
        return -1 if key == "edge_index" else 0


def attributes(
    fields: Mapping[str, Any], *, reserved: re.Pattern[str] | None = None, dtype: torch.dtype | None = None
) -> dict[str, Any]:
    """Fields as attributes of a graph: arrays become tensors, and floating-point numbers take one type.

    Args:
        fields: name to array, tensor or any other value.
        reserved: names that the graph keeps for itself; without it no name is refused.
        dtype: of floating-point numbers; torch's default type without it.

    Raises:
        DataError: a name that the graph or PyG uses itself.

    Example:
        >>> attributes({"a": np.zeros(2)})
        {'a': tensor([0., 0.])}
    """
    kind = dtype or torch.get_default_dtype()
    free = (name for name in fields if reserved is None or _free(name, reserved))
    return {name: _attribute(fields[name], kind) for name in free}


def _free(name: str, reserved: re.Pattern[str]) -> bool:
    hidden = name.startswith("_")  # PyG does not carry such names into a batch
    if hidden or name in _PYG or reserved.fullmatch(name) or (hasattr(Data, name) and name not in _FREE):
        raise DataError(f"a field is called {name!r}", why="graph data uses this name itself", fix="rename the field")
    return True


def _attribute(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.to(dtype)
    return value
