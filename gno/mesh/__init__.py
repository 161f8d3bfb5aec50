"""Meshes: points, cells by type, named boundary; their files, geometry, quality, and shapes made without a mesher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily
from gno.mesh.faces import Faces, edges, faces, patch_faces
from gno.mesh.geometry import cell_centroid, cell_volume, face_area, face_centroid, node_volume
from gno.mesh.mesh import Mesh
from gno.mesh.quality import Quality, quality
from gno.mesh.refine import refine

if TYPE_CHECKING:
    from gno.mesh import shapes
    from gno.mesh.coarsening import coarsen
    from gno.mesh.formats import load, save

_LAZY = {
    "coarsen": "gno.mesh.coarsening",
    "load": "gno.mesh.formats",
    "save": "gno.mesh.formats",
    "shapes": "gno.mesh.shapes",
}

__all__ = [
    "Faces",
    "Mesh",
    "Quality",
    "cell_centroid",
    "cell_volume",
    "coarsen",
    "edges",
    "face_area",
    "face_centroid",
    "faces",
    "load",
    "node_volume",
    "patch_faces",
    "quality",
    "refine",
    "save",
    "shapes",
]

# Import file formats and shapes when they are first used.
__getattr__ = lazily(__name__, _LAZY)
