"""AirfRANS' folders: a case a folder, with the flow and the airfoil."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from gno.datasets.field import FieldSpec
from gno.datasets.guard import refusing
from gno.datasets.layouts.layout import Layout, Reading
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.datasets.sources.folder import as_folder
from gno.errors import DataError
from gno.mesh.faces import faces
from gno.mesh.formats import load
from gno.mesh.formats.vtp import points_of
from gno.mesh.mesh import Mesh

FIELDS = (
    FieldSpec("implicit_distance", role="static", units="m"),
    FieldSpec("U", role="target", units="m/s", components=2),
    FieldSpec("p", role="target", units="m2/s2"),
    FieldSpec("nut", role="target", units="m2/s"),
)
END = "_internal.vtu"


class AirfRANS(Layout):
    """``<case>/<case>_internal.vtu`` and ``<case>/<case>_aerofoil.vtp``; the inflow stands in the name of the case.

    Parameters are ``inlet_velocity`` in m/s and ``angle_of_attack`` in degrees. The patch ``airfoil`` has the outer
    facets whose nodes lie on the airfoil. ``manifest.json`` beside the cases gives the split ``full``.

    Source: Bonnet et al. 2022, arXiv 2212.07564, ``dataset.py``.
    """

    name = "airfrans"
    about = "AirfRANS, a folder of cases"
    kinds = ("folder",)

    def lacks(self, source: Source) -> tuple[str, ...]:
        """Two files of one case."""
        pairs = [n for n in source.shapes if n.endswith(END) and f"{n.removesuffix(END)}_aerofoil.vtp" in source.shapes]
        return () if pairs else ("files '<case>_internal.vtu' and '<case>_aerofoil.vtp'",)

    def open(self, source: Source, options: Options) -> Reading:
        """Samples in the order of their names."""
        del options  # the files leave nothing open
        root = as_folder(source).root
        cases = [root / n for n in source.shapes if n.endswith(END)]
        splits = _splits(root / "manifest.json")

        def sample(i: int) -> Series:
            name = cases[i].name.removesuffix(END)
            mesh = load(cases[i])
            airfoil = points_of(cases[i].with_name(f"{name}_aerofoil.vtp"))[:, :2]
            mesh = Mesh(mesh.points, mesh.cells, _patches(mesh, airfoil), _flat(mesh))
            return Series(mesh, _inflow(cases[i], name), split=splits.get(name))

        return Reading(FIELDS, len(cases), sample)


def _flat(mesh: Mesh) -> dict[str, np.ndarray]:
    """Fields with the components in the plane."""
    return {n: v[:, :2] if v.ndim == 2 else v for n, v in mesh.point_data.items()}


def _inflow(path: Path, name: str) -> dict[str, float]:
    parts = name.split("_")
    try:
        return {"inlet_velocity": float(parts[2]), "angle_of_attack": float(parts[3])}
    except (IndexError, ValueError) as error:
        raise DataError(
            f"{path} has no inflow in its name", why="it must be airFoil2D_SST_<m/s>_<degrees>_...", fix="keep its name"
        ) from error


def _patches(mesh: Mesh, airfoil: np.ndarray) -> dict[str, np.ndarray]:
    found = faces(mesh)
    outer = found.nodes[found.neighbor < 0]
    extent = float(np.ptp(mesh.points, axis=0).max())
    near = np.asarray(cKDTree(airfoil).query(mesh.points)[0]) <= 1e-6 * extent
    on = near[outer].all(axis=1)
    return {"airfoil": outer[on], "freestream": outer[~on]}


def _splits(manifest: Path) -> dict[str, str]:
    if not manifest.is_file():
        return {}
    with refusing(manifest):
        names = json.loads(manifest.read_text())
        return {case: split for split in ("train", "test") for case in names.get(f"full_{split}", ())}
