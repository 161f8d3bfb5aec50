"""Values that tell where they stand, and HDF5 files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

N, T, X, Y, Z = 3, 4, 5, 6, 3


def ramp(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    """Values in which each axis shows: the digits of the index, the first axis first."""
    value = np.zeros(shape)
    for axis, n in enumerate(shape):
        value = 10 * value + np.arange(n).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return value.astype(dtype)


def hdf5(path: Path, arrays: dict[str, Any], attributes: dict[str, Any] | None = None, **options: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values, **options)
        file.attrs.update(attributes or {})
    return path
