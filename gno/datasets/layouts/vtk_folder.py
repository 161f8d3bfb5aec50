"""A folder of ``.vtu`` or ``.vtkhdf`` files: steady cases, or cases in time with a ``.pvd`` each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gno.datasets.field import FieldSpec
from gno.datasets.layouts.layout import Layout, Reading, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.layouts.vtkhdf import read_vtkhdf
from gno.datasets.sources import Source
from gno.datasets.sources.folder import FolderSource, as_folder
from gno.errors import DataError
from gno.mesh.formats import load, pvd
from gno.mesh.mesh import Mesh

Step = tuple[float | None, Path]
Instant = tuple[float | None, Mesh]


class VTKFolder(Layout):
    """Every ``.pvd`` is a case in time; without any, every ``.vtu`` or ``.vtkhdf`` is a case of its own.

    The files lie in the folder, or in folders in it. Fields are those of the first file, at nodes and in cells; all of
    them are targets unless ``inputs`` says otherwise. The mesh of a case must not change in time.
    """

    name = "vtk-folder"
    about = "a folder of .vtu or .vtkhdf files, with a .pvd a case in time"
    kinds = ("folder",)

    def lacks(self, source: Source) -> tuple[str, ...]:
        """At least one file."""
        ends = (".pvd", ".vtu", ".vtkhdf")
        return () if any(name.lower().endswith(ends) for name in source.shapes) else ("files .vtu, .vtkhdf or .pvd",)

    def open(self, source: Source, options: Options) -> Reading:
        """Samples in the order of their names."""
        cases = _cases(as_folder(source))
        fields = _specs(_meshes(cases[0][:1])[0][1])

        def sample(i: int) -> Series:
            return _series(_meshes(cases[i]), fields, options, split_of(source, cases[i][0][1].parent.name))

        return Reading(fields, len(cases), sample)


def _cases(source: FolderSource) -> list[list[Step]]:
    collections = source.named(".pvd")
    if collections:
        return [_collected(source.root / name) for name in collections]
    return [[(None, source.root / name)] for name in (*source.named(".vtu"), *source.named(".vtkhdf"))]


def _collected(path: Path) -> list[Step]:
    """Steps of a collection, in the order of time; its files must lie beside it or below."""
    steps: list[Step] = []
    for name, time in pvd.read(path).items():
        file = path.parent / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise DataError(f"{path} refers to {name!r}", why="files must lie in the folder of the collection")
        steps.append((time, file))
    return sorted(steps, key=lambda step: step[0] or 0.0)


def _meshes(steps: list[Step]) -> list[Instant]:
    found: list[Instant] = []
    for time, file in steps:
        if file.suffix.lower() == ".vtkhdf":
            inside = read_vtkhdf(file)
            found += inside if time is None else [(time, inside[0][1])]
        else:
            found.append((time, load(file)))
    return found


def _series(steps: list[Instant], fields: tuple[FieldSpec, ...], options: Options, split: str | None) -> Series:
    mesh = steps[0][1]
    if steps[0][0] is None:
        return Series(mesh, split=split)
    kept = steps[:: options.time_stride]
    for time, other in kept:
        if not _same(mesh, other):
            raise DataError(f"the mesh at time {time:g} is another", why="the mesh of a case must not change in time")
    series: dict[str, dict[str, np.ndarray]] = {"point": {}, "cell": {}}
    for spec in fields:
        series[spec.location][spec.name] = np.stack([spec.values(other) for _, other in kept])
    times = np.array([time for time, _ in kept], dtype=np.float64)
    return Series(mesh.with_data({}, {}), {}, times, series["point"], series["cell"], split)


def _same(one: Mesh, two: Mesh) -> bool:
    cells = one.cells.keys() == two.cells.keys() and all(np.array_equal(two.cells[k], c) for k, c in one.cells.items())
    return cells and np.array_equal(one.points, two.points)


def _specs(mesh: Mesh) -> tuple[FieldSpec, ...]:
    """Fields of a mesh; one that stands at nodes and in cells is taken from the nodes."""
    point = {n: ("point", v) for n, v in mesh.point_data.items()}
    cell = {n: ("cell", v) for n, v in mesh.cell_data.items() if n not in point}
    found = tuple(
        FieldSpec(name, role="target", location=location, components=int(np.prod(values.shape[1:])))
        for name, (location, values) in (point | cell).items()
        if values.ndim <= 2
    )
    if not found:
        raise DataError("the first file has no fields", why="there is nothing to learn", fix="export fields, too")
    return found
