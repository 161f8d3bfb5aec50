"""Whether a fine mesh is one of the domain that a coarse mesh was made for."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from gno.errors import DataError
from gno.mesh.faces import faces, outer_nodes
from gno.mesh.mesh import Mesh
from gno.models.features.boundary_distance import distance_to_boundary

# A node of the coarse boundary is on that of the domain, and the fine faces are chords of it: an arc that turns by less
# than 60 degrees from end to end of a face is no further away than this share of it. The rest is for digits.
_OF_FINE, _OF_COARSE = 0.15, 0.02
# A node of the fine boundary is off the coarse faces by what these cut off of the domain.
_CUT_OFF = 0.5


def refuse_other_domain(mesh: Mesh, coarse: Mesh) -> None:
    """Refuse a fine mesh whose boundary is not that of the coarse one, each to the fineness of its faces.

    Args:
        mesh: the fine mesh.
        coarse: the coarse mesh.

    Raises:
        DataError: one has boundary where the other has none.

    Example:
        >>> from gno.mesh import shapes
        >>> refuse_other_domain(shapes.square(0.1, seed=1), shapes.square(0.3))
    """
    fine_size, coarse_size = _face_size(mesh), _face_size(coarse)
    outer, coarse_outer = outer_nodes(mesh), outer_nodes(coarse)
    near_fine = outer[cKDTree(mesh.points[outer]).query(coarse.points[coarse_outer])[1]]
    near_coarse = coarse_outer[cKDTree(coarse.points[coarse_outer]).query(mesh.points[outer])[1]]
    for own, at, other, allowed in (
        (coarse, coarse_outer, mesh, _OF_FINE * fine_size[near_fine] + _OF_COARSE * coarse_size[coarse_outer]),
        (mesh, outer, coarse, _CUT_OFF * coarse_size[near_coarse]),
    ):
        away = distance_to_boundary(other, own.points[at])
        worst = int(np.argmax(away - allowed))
        if away[worst] > allowed[worst]:
            place = ", ".join(f"{x:.3g}" for x in own.points[at[worst]])
            raise DataError(
                "the mesh has another shape than the coarse mesh inside of the network",
                why=f"their boundaries are {away[worst]:.3g} apart at ({place}): the coarse solution would be another",
                fix="give a mesh of the shape of the training, or train a network for this one",
            )


def _face_size(mesh: Mesh) -> Float[np.ndarray, " nodes"]:
    """Of the largest outer face at each node; 0 inside."""
    outer = faces(mesh)
    corners = outer.nodes[outer.neighbor < 0]
    result = np.zeros(mesh.num_points)
    for column in corners.T:
        real = column >= 0
        size = np.linalg.norm(mesh.points[corners[real]] - mesh.points[column[real]][:, None], axis=2)
        size[corners[real] < 0] = 0.0
        np.maximum.at(result, column[real], size.max(axis=1))
    return result
