"""Meshes of simple shapes, made with no mesher installed: a target edge length, named patches, a seed."""

from __future__ import annotations

from gno.mesh.shapes.airfoil import Airfoil
from gno.mesh.shapes.airfoil_c import airfoil_c
from gno.mesh.shapes.airfoil_file import load_airfoil
from gno.mesh.shapes.airfoil_o import airfoil_o
from gno.mesh.shapes.airfoil_triangles import airfoil_triangles
from gno.mesh.shapes.cube import cube
from gno.mesh.shapes.disk import disk
from gno.mesh.shapes.l_shape import l_shape
from gno.mesh.shapes.naca import naca
from gno.mesh.shapes.polygon import polygon
from gno.mesh.shapes.square import rectangle, square
from gno.mesh.shapes.square_with_holes import square_with_holes

__all__ = [
    "Airfoil",
    "airfoil_c",
    "airfoil_o",
    "airfoil_triangles",
    "cube",
    "disk",
    "l_shape",
    "load_airfoil",
    "naca",
    "polygon",
    "rectangle",
    "square",
    "square_with_holes",
]
