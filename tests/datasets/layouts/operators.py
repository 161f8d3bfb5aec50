"""Files of the neural operators' own data: FNO, Geo-FNO on grids, neuraloperator, Poseidon."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import torch
from scipy.io import savemat

from tests.datasets.layouts.ramps import N, T, X, Y, hdf5, ramp


def fno_v5(folder: Path) -> Path:
    path = folder / "piececonst_r5.mat"
    savemat(path, {"coeff": ramp(N, X, X), "sol": 0.1 * ramp(N, X, X), "Kcoeff": -ramp(N, X, X)}, do_compression=True)
    return path


def fno_v73(folder: Path) -> Path:
    """As MATLAB writes 7.3: 512 bytes of its own before HDF5, every array with its axes in reverse."""
    path = folder / "ns_V1e-3.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in {"a": ramp(N, X, Y), "u": ramp(N, X, Y, T), "t": np.arange(1.0, T + 1)[None]}.items():
            item = file.create_dataset(name, data=values.T)
            item.attrs["MATLAB_class"] = np.bytes_("double")
        file.create_group("#refs#").create_dataset("a", (2,), dtype=h5py.ref_dtype)
    with open(path, "r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def plasticity(folder: Path) -> Path:
    savemat(folder / "plas_N3.mat", {"input": ramp(N, X), "output": ramp(N, X, Y, T, 4)})
    return folder / "plas_N3.mat"


def neuraloperator(folder: Path) -> Path:
    torch.save(
        {"x": torch.from_numpy(ramp(N, X, X)) % 2 > 0, "y": torch.from_numpy(ramp(N, X, X))}, folder / "darcy_train.pt"
    )
    return folder / "darcy_train.pt"


def burgers(folder: Path) -> Path:
    content = {"x": ramp(N, X, dtype=float), "y": ramp(N, T, X, dtype=float), "visc": np.array([[0.01]])}
    torch.save({k: torch.from_numpy(v) for k, v in content.items()}, folder / "burgers_test_16.pt")
    return folder / "burgers_test_16.pt"


def poseidon(folder: Path) -> Path:
    return hdf5(folder / "NS-Gauss.nc", {"velocity": ramp(N, T, 2, X, Y)})


def geo_fno(folder: Path) -> Path:
    """A bent pipe, whose first axis runs along it."""
    s, r = np.meshgrid(np.linspace(0, 1, X), np.linspace(1, 2, Y), indexing="ij")
    grow = 1 + np.arange(N)[:, None, None]
    np.save(folder / "Pipe_X.npy", grow * r * np.sin(s))
    np.save(folder / "Pipe_Y.npy", grow * r * np.cos(s))
    np.save(folder / "Pipe_Q.npy", ramp(N, 3, X, Y))
    return folder / "Pipe_X.npy"
