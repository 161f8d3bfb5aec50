"""Points of .vtp files in every way that VTK writes them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

from gno.errors import MeshError
from gno.mesh.formats.vtp import points_of


def written(path: Path, values: np.ndarray, mode: str, *, encoded: bool, compressed: bool, wide: bool) -> Path:
    points, surface, writer = vtkPoints(), vtkPolyData(), vtkXMLPolyDataWriter()
    points.SetData(numpy_to_vtk(values, deep=True))
    surface.SetPoints(points)
    for scalars in ("a", "b"):
        array = numpy_to_vtk(np.arange(float(len(values))), deep=True)
        array.SetName(scalars)
        surface.GetPointData().AddArray(array)
    writer.SetInputData(surface)
    writer.SetFileName(str(path))
    getattr(writer, f"SetDataModeTo{mode}")()
    writer.SetEncodeAppendedData(encoded)
    if not compressed:
        writer.SetCompressorTypeToNone()
    (writer.SetHeaderTypeToUInt64 if wide else writer.SetHeaderTypeToUInt32)()
    writer.SetBlockSize(4096)
    writer.Write()
    return path


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("mode", "encoded"), [("Ascii", False), ("Binary", False), ("Appended", True), ("Appended", False)]
)
def test_points_are_read_exactly(
    tmp_path: Path, mode: str, encoded: bool, compressed: bool, wide: bool, dtype: str
) -> None:
    values = np.random.default_rng(0).normal(size=(1000, 3)).astype(dtype)
    path = written(tmp_path / "a.vtp", values, mode, encoded=encoded, compressed=compressed, wide=wide)
    np.testing.assert_allclose(points_of(path), values, rtol=1e-5 if mode == "Ascii" else 0)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_file_is_refused(tmp_path: Path, compressed: bool) -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    path = written(tmp_path / "a.vtp", values, "Binary", encoded=False, compressed=compressed, wide=True)
    whole, rng = path.read_bytes(), random.Random(0)
    for end in (0, 40, len(whole) // 2):
        path.write_bytes(whole[:end])
        with pytest.raises(MeshError):
            points_of(path)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(4):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            points_of(path)
        except MeshError:
            continue
    with pytest.raises(MeshError, match="no such file"):
        points_of(tmp_path / "b.vtp")
