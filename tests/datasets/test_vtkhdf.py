"""VTK's own reader opens the file: a step is a sample, with its points, cells and fields."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec
from gno.datasets.packed import VTK_TYPE
from gno.mesh.mesh import Mesh

hdf = pytest.importorskip("vtkmodules.vtkIOHDF")
numpy_support = pytest.importorskip("vtkmodules.util.numpy_support")


def steps(path: Path) -> list[Any]:
    reader = hdf.vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    found = []
    for step in range(reader.GetNumberOfSteps()):
        reader.SetStep(step)
        reader.Update()
        grid = type(reader.GetOutput())()
        grid.DeepCopy(reader.GetOutput())
        found.append(grid)
    return found


def array(data: Any, name: str) -> np.ndarray:
    assert data.HasArray(name)
    return numpy_support.vtk_to_numpy(data.GetArray(name))


def assert_shows(grid: Any, mesh: Mesh, fields: tuple[FieldSpec, ...]) -> None:
    points = numpy_support.vtk_to_numpy(grid.GetPoints().GetData())
    np.testing.assert_array_equal(points[:, : mesh.dim], mesh.points)
    assert not points[:, mesh.dim :].any()
    assert grid.GetNumberOfCells() == mesh.num_cells
    number = 0
    for kind, cells in mesh.cells.items():
        for corners in cells.tolist():
            cell = grid.GetCell(number)
            assert cell.GetCellType() == VTK_TYPE[kind]
            assert [cell.GetPointId(i) for i in range(cell.GetNumberOfPoints())] == corners
            number += 1
    for spec in fields:
        data = grid.GetPointData() if spec.location == "point" else grid.GetCellData()
        np.testing.assert_array_equal(array(data, spec.name), spec.values(mesh))


def test_vtk_reads_every_sample(file: Path, written: Callable[..., list[Mesh]], fields: tuple[FieldSpec, ...]) -> None:
    grids = steps(file)
    assert len(grids) == 7
    for grid, mesh in zip(grids, written(), strict=True):
        assert_shows(grid, mesh, fields)


def test_vtk_reads_three_dimensions_with_mixed_cells(
    tmp_path: Path, meshes: dict[str, Callable[..., Mesh]], fielded: Callable[..., Mesh], fields: tuple[FieldSpec, ...]
) -> None:
    samples = [fielded(meshes["3-D"](), seed) for seed in range(3)]
    with DatasetWriter(tmp_path / "a.vtkhdf", fields) as writer:
        for sample in samples:
            writer.append(sample)
    for grid, mesh in zip(steps(tmp_path / "a.vtkhdf"), samples, strict=True):
        assert_shows(grid, mesh, fields)
