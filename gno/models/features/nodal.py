"""A field of a mesh at its nodes, wherever the mesh carries it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from gno.datasets.field import FieldSpec, check_finite
from gno.datasets.naming import suggestion
from gno.errors import DataError
from gno.mesh.means import around_nodes
from gno.mesh.mesh import Mesh


def nodal(mesh: Mesh, spec: FieldSpec, *, positive: bool = False) -> Float[np.ndarray, "nodes components"]:
    """A field at the nodes: from the point data, or else the volume-weighted mean of the cells around a node.

    Args:
        mesh: that carries the field.
        spec: the field.
        positive: refuse values that are not, those of cells before their mean is taken.

    Raises:
        DataError: the mesh has no such field, or one of another shape, or values that cannot be.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> nodal(mesh.with_data(cell_data={"a": np.array([7.0])}), FieldSpec("a")).tolist()
        [[7.0], [7.0], [7.0]]
    """
    places: tuple[Mapping[str, np.ndarray], ...] = (mesh.point_data, mesh.cell_data)
    number = 0 if spec.name in mesh.point_data else 1
    if spec.name not in places[number]:
        have = [*dict.fromkeys([*mesh.point_data, *mesh.cell_data])]
        raise DataError(
            f"the model wants {spec.name}, and the mesh does not have it",
            why=f"the mesh has: {', '.join(have) or 'no fields'}",
            fix=suggestion(spec.name, have) or f"give {spec.name} as a field of the mesh file or as a constant",
        )
    count = mesh.num_cells if number else mesh.num_points
    values = np.asarray(places[number][spec.name])
    if values.dtype.kind not in "fiub" or values.shape not in ((count, spec.components), spec.shape(count)):
        raise DataError(
            f"field {spec.name!r} has type {values.dtype} and shape {values.shape}",
            why=f"the model wants real numbers of shape {spec.shape(count)}: {spec.components} at each place",
            fix="give the field that the model was trained on, in its number of components",
        )
    values = values.reshape(count, spec.components).astype(np.float64)
    check_finite(values, f"field {spec.name!r}", fix="mend the field where it is made")
    if positive and (values <= 0).any():
        row = int(np.argmin(values.min(axis=1)))
        raise DataError(
            f"field {spec.name!r} is {values[row].min():.6g} at {'cell' if number else 'node'} {row}",
            why="the model takes its logarithm: it must be positive",
            fix="mend the field where it is made, or give another value",
        )
    return around_nodes(mesh, values) if number else values
