"""Meshes: points, cells by type, named boundary; their files, geometry, quality, and shapes made without a mesher."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gno.mesh.faces import Faces, edges, faces, patch_faces
from gno.mesh.geometry import cell_centroid, cell_volume, face_area, face_centroid, node_volume
from gno.mesh.mesh import Mesh
from gno.mesh.quality import Quality, quality
from gno.mesh.refine import refine

if TYPE_CHECKING:
    from gno.mesh import shapes
    from gno.mesh.formats import load, save

_LAZY = {
    "load": "gno.mesh.formats",
    "save": "gno.mesh.formats",
}

__all__ = [
    "Faces",
    "Mesh",
    "Quality",
    "cell_centroid",
    "cell_volume",
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


def __getattr__(name: str) -> Any:
    """Import file formats and shapes when they are first used (PEP 562)."""
    if name == "shapes":
        return importlib.import_module("gno.mesh.shapes")
    if name not in _LAZY:
        raise AttributeError(f"module 'gno.mesh' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
