"""MeshGraphNets' TFRecord files: meshes with fields over time."""

from __future__ import annotations

import numpy as np

from gno.datasets.field import FieldSpec
from gno.datasets.layouts.layout import Layout, Reading, spec, split_of, squeezed
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.datasets.sources.tfrecord import RecordSource
from gno.errors import DataError
from gno.mesh.faces import faces
from gno.mesh.mesh import Mesh

NODE_TYPES = {1: "obstacle", 2: "airfoil", 3: "handle", 4: "inflow", 5: "outflow", 6: "wall"}
"""Types of nodes other than 0, inside."""
CELLS = {(2, 3): "triangle", (2, 4): "quad", (3, 4): "tetra"}
"""Dimension and corners of a cell to its type."""
GEOMETRY = ("cells", "mesh_pos")


class MeshGraphNets(Layout):
    """A trajectory a record: ``cells``, ``mesh_pos``, ``node_type`` and fields, as ``meta.json`` beside it says.

    ``node_type`` is kept, and names the boundary: an outer facet belongs to the type that its nodes share; where they
    differ, as in a corner, to the wall.

    Source: Pfaff et al. 2021, arXiv 2010.03409, ``meshgraphnets/dataset.py``.
    """

    name = "meshgraphnets"
    about = "MeshGraphNets, .tfrecord with meta.json"
    kinds = ("TFRecord",)

    def lacks(self, source: Source) -> tuple[str, ...]:
        """Cells and points that stay as they are."""
        return tuple(f"feature {name!r} in meta.json" for name in GEOMETRY if name not in source.shapes)

    def open(self, source: Source, options: Options) -> Reading:
        """A sample a record."""
        if not isinstance(source, RecordSource):
            raise DataError(f"{source.path} is no TFRecord", why="MeshGraphNets' data are", fix="choose another layout")
        about = source.meta["features"]
        for name, feature in about.items():
            if feature["type"] == "dynamic_varlen" or (name in GEOMETRY and feature["type"] != "static"):
                raise DataError(f"{source.path}: {name} changes its size in time", why="one mesh a sample is supported")
        step = float(source.meta.get("dt", 1.0)) * options.time_stride
        split = split_of(source)

        def sample(i: int) -> Series:
            arrays = _decoded(source, i)
            mesh = _mesh(source, arrays)
            still = {n: squeezed(a[0]) for n, a in arrays.items() if _role(about, n) in ("static", "input")}
            moving = {n: squeezed(a[:: options.time_stride]) for n, a in arrays.items() if _role(about, n) == "target"}
            times = step * np.arange(len(next(iter(moving.values())))) if moving else None
            return Series(mesh.with_data(still), {}, times, moving, split=split)

        return Reading(_specs(about), len(source.spans), sample)


def _role(about: dict, name: str) -> str:
    """Nothing for what makes the mesh."""
    if name in GEOMETRY:
        return ""
    return {"static": "static", "dynamic": "target"}.get(about[name]["type"], "")


def _specs(about: dict) -> tuple[FieldSpec, ...]:
    return tuple(spec(n, _role(about, n), tuple(f["shape"][2:])) for n, f in about.items() if _role(about, n))


def _decoded(source: RecordSource, i: int) -> dict[str, np.ndarray]:
    record, arrays = source.record(i), {}
    for name, feature in source.meta["features"].items():
        dtype = np.dtype(feature["dtype"])
        if name not in record or dtype.kind not in "iuf":
            raise DataError(
                f"record {i} of {source.path} has no {name!r} of {dtype}", why=f"it has: {', '.join(record) or 'none'}"
            )
        flat = np.frombuffer(record[name], dtype=dtype.newbyteorder("<"))
        try:
            arrays[name] = flat.reshape(feature["shape"])
        except ValueError as error:
            raise DataError(
                f"record {i} of {source.path}: {name} has {flat.size} numbers", why=f"meta.json says {feature['shape']}"
            ) from error
    return arrays


def _mesh(source: RecordSource, arrays: dict[str, np.ndarray]) -> Mesh:
    points, cells = arrays["mesh_pos"][0].astype(np.float64), arrays["cells"][0].astype(np.int64)
    kind = CELLS.get((points.shape[1], cells.shape[1]))
    if kind is None:
        raise DataError(f"{source.path}: cells have {cells.shape[1]} corners in {points.shape[1]}-D", why=f"{CELLS}")
    mesh = Mesh(points, {kind: cells})
    if "node_type" not in arrays:
        return mesh
    return Mesh(points, {kind: cells}, _patches(mesh, arrays["node_type"][0].reshape(-1)))


def _patches(mesh: Mesh, node_type: np.ndarray) -> dict[str, np.ndarray]:
    found = faces(mesh)
    outer = found.nodes[found.neighbor < 0]
    types = node_type[outer]
    shared = np.where((types == types[:, :1]).all(axis=1), types[:, 0], 6)
    kinds = [t for t in np.unique(shared).tolist() if t]
    return {NODE_TYPES.get(t, f"type_{t}"): outer[shared == t] for t in kinds}
