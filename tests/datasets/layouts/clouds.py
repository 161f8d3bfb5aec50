"""Files of points without cells: RIGNO, Geo-FNO's elasticity."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.datasets.layouts.ramps import N, T, hdf5, ramp


def square_with_a_hole() -> np.ndarray:
    x = np.stack(np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12)), -1).reshape(-1, 2)
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = 0.5 + 0.25 * np.stack([np.cos(around), np.sin(around)], -1)
    return np.concatenate([x[np.linalg.norm(x - 0.5, axis=1) > 0.3], circle])


def rigno(folder: Path) -> Path:
    points = square_with_a_hole()
    arrays = {"u": ramp(2, T, len(points), 2), "c": ramp(2, 1, len(points), 1), "x": points[None, None].astype("f4")}
    return hdf5(folder / "Heat-L-Sines.nc", arrays)


def geo_fno_elasticity(folder: Path) -> Path:
    points = square_with_a_hole()
    np.save(folder / "Random_UnitCell_XY_10.npy", np.stack([points * (1 + i) for i in range(N)], -1))
    np.save(folder / "Random_UnitCell_sigma_10.npy", ramp(len(points), N))
    np.save(folder / "Random_UnitCell_rr_10.npy", ramp(42, N))
    return folder / "Random_UnitCell_sigma_10.npy"
