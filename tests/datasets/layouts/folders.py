"""Folders of VTK's files: cases in time, AirfRANS."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from gno.mesh import save, shapes
from gno.mesh.formats import pvd


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
