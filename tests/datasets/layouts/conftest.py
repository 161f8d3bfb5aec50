"""Tiny files in each layout, laid out as the programs that write them do, with values that tell where they stand."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from gno.mesh import save, shapes
from gno.mesh.formats import pvd

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


def square_with_a_hole() -> np.ndarray:
    x = np.stack(np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12)), -1).reshape(-1, 2)
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = 0.5 + 0.25 * np.stack([np.cos(around), np.sin(around)], -1)
    return np.concatenate([x[np.linalg.norm(x - 0.5, axis=1) > 0.3], circle])


def rigno(folder: Path) -> Path:
    points = square_with_a_hole()
    arrays = {"u": ramp(2, T, len(points), 2), "c": ramp(2, 1, len(points), 1), "x": points[None, None].astype("f4")}
    return hdf5(folder / "Heat-L-Sines.nc", arrays)


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


def geo_fno_elasticity(folder: Path) -> Path:
    points = square_with_a_hole()
    np.save(folder / "Random_UnitCell_XY_10.npy", np.stack([points * (1 + i) for i in range(N)], -1))
    np.save(folder / "Random_UnitCell_sigma_10.npy", ramp(len(points), N))
    np.save(folder / "Random_UnitCell_rr_10.npy", ramp(42, N))
    return folder / "Random_UnitCell_sigma_10.npy"


def plain_crc32c(data: bytes) -> int:
    """Bit by bit, as the polynomial is defined."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def message(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def tfrecord(records: list[dict[str, np.ndarray]]) -> bytes:
    """Records as TensorFlow writes them: tf.train.Example with a list of one text of bytes for each feature."""

    def crc(data: bytes) -> bytes:
        value = plain_crc32c(data)
        return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    whole = b""
    for record in records:
        entries = b"".join(
            message(1, message(1, name.encode()) + message(2, message(1, message(1, values.tobytes()))))
            for name, values in record.items()
        )
        data = message(1, entries)
        length = struct.pack("<Q", len(data))
        whole += length + crc(length) + data + crc(data)
    return whole


def meshgraphnets(folder: Path) -> Path:
    mesh = shapes.rectangle(0.25, 2.0, 1.0, kind="structured")
    n, cells = mesh.num_points, mesh.cells["triangle"].astype("<i4")
    x, wall = mesh.points[:, 0], (mesh.points[:, 1] == 0) | (mesh.points[:, 1] == 1)
    node_type = np.where(wall, 6, np.where(x == 0, 4, np.where(x == 2, 5, 0))).astype("<i4")
    about = {
        "cells": {"type": "static", "shape": [1, -1, 3], "dtype": "int32"},
        "mesh_pos": {"type": "static", "shape": [1, -1, 2], "dtype": "float32"},
        "node_type": {"type": "static", "shape": [1, -1, 1], "dtype": "int32"},
        "velocity": {"type": "dynamic", "shape": [T, -1, 2], "dtype": "float32"},
        "pressure": {"type": "dynamic", "shape": [T, -1, 1], "dtype": "float32"},
    }
    meta = {"simulator": "comsol", "dt": 0.01, "collision_radius": None, "features": about}
    meta |= {"field_names": list(about), "trajectory_length": T}
    (folder / "meta.json").write_text(json.dumps(meta))
    records = []
    for i in range(2):
        fields = {"velocity": ramp(T, n, 2) + i, "pressure": ramp(T, n, 1) - i}
        records.append({"cells": cells, "mesh_pos": mesh.points.astype("<f4"), "node_type": node_type, **fields})
    (folder / "valid.tfrecord").write_bytes(tfrecord(records))
    return folder / "valid.tfrecord"


def vtk_folder(folder: Path) -> Path:
    """Two cases in time."""
    for case in range(2):
        (folder / f"case_{case}").mkdir()
        mesh = shapes.square(0.5 / (case + 1))
        for step in range(3):
            data = {"u": mesh.points[:, 0] + step}, {"p": np.full(mesh.num_cells, 10.0 * case + step)}
            save(mesh.with_data(*data), folder / f"case_{case}" / f"u_{step:04}.vtu")
        names = {f"u_{step:04}.vtu": 0.5 * step for step in range(3)}
        (folder / f"case_{case}" / "u.pvd").write_bytes(pvd.write(names))
    return folder


def airfrans(folder: Path) -> Path:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    for i, name in enumerate(("airFoil2D_SST_57.872_7.314_5.932_1.0_7.7", "airFoil2D_SST_31.5_-2.0_0.1_4.0_12.0")):
        (folder / name).mkdir()
        mesh = shapes.square_with_holes(0.3, holes=[(0.5, 0.5, 0.2)], seed=i)
        n = mesh.num_points
        flow = np.stack([mesh.points[:, 0], mesh.points[:, 1], 0 * mesh.points[:, 0]], -1)
        data = {"U": flow, "p": np.arange(float(n)), "nut": np.ones(n), "implicit_distance": -mesh.points[:, 0]}
        save(mesh.with_data(data), folder / name / f"{name}_internal.vtu")
        hole = next(facets for patch, facets in mesh.boundary.items() if patch.startswith("hole"))
        points, surface, writer = vtkPoints(), vtkPolyData(), vtkXMLPolyDataWriter()
        rim = mesh.points[np.unique(hole)].astype("f4")
        points.SetData(numpy_to_vtk(np.pad(rim, ((0, 0), (0, 1))), deep=True))
        surface.SetPoints(points)
        writer.SetInputData(surface)
        writer.SetFileName(str(folder / name / f"{name}_aerofoil.vtp"))
        writer.Write()
    full = {"full_train": ["airFoil2D_SST_57.872_7.314_5.932_1.0_7.7"], "full_test": []}
    (folder / "manifest.json").write_text(json.dumps(full))
    return folder


WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    writer.__name__: (name, writer)
    for name, writer in (
        ("fno", fno_v5),
        ("fno", fno_v73),
        ("plasticity", plasticity),
        ("neuraloperator", neuraloperator),
        ("neuraloperator", burgers),
        ("pdebench-1d", pdebench_1d),
        ("pdebench-darcy", pdebench_darcy),
        ("pdebench-cfd", pdebench_cfd),
        ("pdebench-groups", pdebench_groups),
        ("pdebench-incompressible", pdebench_incompressible),
        ("the-well", the_well),
        ("pdearena", pdearena),
        ("pdearena", pdearena_1d),
        ("rigno", rigno),
        ("poseidon", poseidon),
        ("meshgraphnets", meshgraphnets),
        ("geo-fno", geo_fno),
        ("geo-fno-elasticity", geo_fno_elasticity),
        ("airfrans", airfrans),
        ("vtk-folder", vtk_folder),
    )
}
"""Name of a file to the layout that it has, and who writes it."""


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file by name."""
    return lambda name: WRITERS[name][1](tmp_path)


@pytest.fixture(params=sorted(WRITERS))
def each(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """The layout of each file, and the file."""
    name, writer = WRITERS[request.param]
    return name, writer(tmp_path)


@pytest.fixture
def values() -> Callable[..., np.ndarray]:
    """The values that the files hold."""
    return ramp
