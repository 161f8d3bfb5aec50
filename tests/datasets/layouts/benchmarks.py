"""Files of the benchmarks: PDEBench, The Well, PDEArena."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tests.datasets.layouts.ramps import N, T, X, Y, Z, hdf5, ramp


def pdebench_1d(folder: Path) -> Path:
    arrays = {"tensor": ramp(N, T, X), "x-coordinate": np.linspace(0.1, 0.9, X), "t-coordinate": np.arange(T + 1) / 4}
    return hdf5(folder / "1D_Advection_Sols_beta0.4.hdf5", arrays, {"beta": 0.4})


def pdebench_darcy(folder: Path) -> Path:
    arrays = {"nu": ramp(N, X, Y), "tensor": -ramp(N, 1, X, Y)}
    axes = {"x-coordinate": np.linspace(0, 1, X), "y-coordinate": np.linspace(0, 2, Y)}
    return hdf5(folder / "2D_DarcyFlow_beta1.0_Train.hdf5", arrays | axes, {"beta": 1.0})


def pdebench_cfd(folder: Path) -> Path:
    names = ("density", "pressure", "Vx", "Vy", "Vz")
    arrays = {name: (k + 1) * ramp(2, T, X, 2, Z) for k, name in enumerate(names)}
    axes = {"x-coordinate": np.arange(X) / X, "y-coordinate": np.arange(2) / 2, "z-coordinate": np.arange(Z) / Z}
    times = {"t-coordinate": np.arange(T + 1) / T}
    return hdf5(folder / "3D_CFD_Turb_M1.0.hdf5", arrays | axes | times, {"eta": 0.0, "zeta": 0.01, "M": 1.0})


def pdebench_groups(folder: Path) -> Path:
    path = folder / "2D_diff-react_NA_NA.h5"
    with h5py.File(path, "w") as file:
        for i in range(N):
            file.create_dataset(f"{i:04}/data", data=ramp(T, X, Y, 2) + i, compression="lzf")
            for name, n in (("x", X), ("y", Y), ("t", T)):
                file.create_dataset(f"{i:04}/grid/{name}", data=np.linspace(-1, 1, n, dtype="f4"), compression="lzf")
            file[f"{i:04}"].attrs["config"] = "sim:\n  seed: 0\n"
    return path


def pdebench_incompressible(folder: Path) -> Path:
    shapes_ = {"velocity": (1, T, X, Y, 2), "particles": (1, T, X, Y, 1), "force": (1, X, Y, 2), "t": (1, T)}
    arrays = {name: ramp(*shape) for name, shape in shapes_.items()}
    path = folder / "ns_incom_inhom_2d_512-0.h5"
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            chunks = (1, 1, *values.shape[2:])
            file.create_dataset(name, data=values, compression="lzf", chunks=chunks, shuffle=True)
        file.attrs.update({"config": "NU: 0.01\n", "latestIndex": T - 1})
    return path


def the_well(folder: Path) -> Path:
    """As the project's own writer of dummy data does."""
    (folder / "valid").mkdir()
    path = folder / "valid" / "dummy.hdf5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"a": 0.25, "dataset_name": "dummy", "grid_type": "cartesian", "n_spatial_dims": 2})
        file.attrs.update({"n_trajectories": N, "simulation_parameters": ["a"]})
        condition = file.create_group("boundary_conditions/x_periodic")
        condition.attrs.update({"associated_dims": "x", "associated_fields": [], "bc_type": "PERIODIC"})
        condition.create_dataset("mask", data=np.arange(X) % (X - 1) == 0)
        dims = file.create_group("dimensions")
        dims.attrs["spatial_dims"] = ["x", "y"]
        for name, values in (("time", np.arange(T)), ("x", np.arange(X)), ("y", np.arange(Y))):
            dims.create_dataset(name, data=values.astype("f4") / 2).attrs["sample_varying"] = False
        scalars = file.create_group("scalars")
        scalars.attrs["field_names"] = ["a", "b", "c"]
        for name, values, flags in (("a", [0.25], (0, 0)), ("b", [1.0, 2.0, 3.0], (1, 0)), ("c", np.ones(T), (0, 1))):
            item = scalars.create_dataset(name, data=values)
            item.attrs.update({"sample_varying": bool(flags[0]), "time_varying": bool(flags[1])})
        for group, name, values, flags in (
            ("t0_fields", "mask", ramp(X), (False, False, [True, False])),
            ("t0_fields", "speed", ramp(N, X, Y), (True, False, [True, True])),
            ("t0_fields", "density", ramp(N, T, X, Y), (True, True, [True, True])),
            ("t1_fields", "velocity", ramp(N, T, X, Y, 2), (True, True, [True, True])),
            ("t2_fields", "stress", ramp(N, T, X, Y, 2, 2), (True, True, [True, True])),
        ):
            item = file.require_group(group).create_dataset(name, data=values)
            item.attrs.update({"sample_varying": flags[0], "time_varying": flags[1], "dim_varying": flags[2]})
    return path


def pdearena(folder: Path) -> Path:
    fields = {name: (k + 1) * ramp(N, T, X, Y, dtype=float) for k, name in enumerate(("u", "vx", "vy"))}
    axes = {name: np.tile(np.linspace(0, 32, n), (N, 1)) for name, n in (("t", T), ("x", X), ("y", Y))}
    numbers = {name: np.full(N, value) for name, value in (("dt", 1.5), ("dx", 0.25), ("dy", 0.25), ("buo_y", 0.5))}
    arrays = {f"valid/{name}": values for name, values in (fields | axes | numbers).items()}
    return hdf5(folder / "NavierStokes2D_valid_42_0.50000.h5", arrays)


def pdearena_1d(folder: Path) -> Path:
    axes = {"x": np.tile(np.linspace(0, 64, X), (N, 1)), "t": np.tile(np.arange(T) / 5, (N, 1)), "dx": np.full(N, 0.25)}
    return hdf5(folder / "KS_train.h5", {f"train/{n}": v for n, v in ({f"pde_{T}-{X}": ramp(N, T, X)} | axes).items()})
