"""Input fields of a mesh: its own, those of another file, constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gno.cli.settings import Value
from gno.datasets.field import FieldSpec, check_finite
from gno.datasets.naming import nearest, suggestion
from gno.errors import ConfigError, DataError
from gno.mesh import Mesh
from gno.mesh.means import corner_mean


def with_inputs(mesh: Mesh, specs: Sequence[FieldSpec], given: Mapping[str, Value], other: Path | None) -> Mesh:
    """The mesh with the fields that a model takes.

    Args:
        mesh: the mesh; fields of its own stay where nothing else is given.
        specs: fields that the model takes.
        given: constants, vectors, or names of fields of the mesh, by the name of the input.
        other: a file on the same nodes and cells, whose fields come before those of the mesh.

    Raises:
        ConfigError: a value for a field that is no input, or of the wrong size.
        DataError: a file of another mesh, a name of no field, or a field that nothing gives.
    """
    known = {spec.name: spec for spec in specs}
    for name in given:
        if name not in known:
            raise ConfigError(
                f"--set {name}: the model takes no field {name!r}",
                why=f"it takes: {', '.join(known) or 'none'}",
                fix=suggestion(name, known) or "leave it out",
            )
    point, cell = dict(mesh.point_data), dict(mesh.cell_data)
    if other is not None:
        source = _same(mesh, other)
        for name in (*source.point_data, *source.cell_data):  # of the cells or of the nodes: it comes first
            point.pop(name, None)
            cell.pop(name, None)
        point.update(source.point_data)
        cell.update(source.cell_data)
    for name, value in given.items():
        values, at_nodes = _values(mesh.with_data(point, cell), known[name], value)
        for data in (point, cell):
            data.pop(name, None)
        (point if at_nodes else cell)[name] = values
    for name in known:
        if name not in point and name not in cell:
            have = [*dict.fromkeys([*point, *cell])]
            near = nearest(name, have)
            raise DataError(
                f"the model takes the field {name!r}, which the mesh does not have",
                why=f"the mesh has: {', '.join(have) or 'no fields'}",
                fix=f"give it: --set {name}={near or 'FIELD'}, --set {name}=NUMBER, or --input FIELDS",
            )
    return mesh.with_data(point, cell)


def number_or_field(mesh: Mesh, name: str, value: Value) -> float | np.ndarray:
    """A coefficient as a solver takes it: a number, or one number a cell.

    Args:
        mesh: the mesh; of a field at its nodes each cell takes the mean of its corners.
        name: of the coefficient.
        value: a number, or the name of a field.

    Raises:
        ConfigError: neither.
        DataError: no such field, one that is no scalar, or values that are not finite.
    """
    if isinstance(value, str):
        values, at_nodes = field_named(mesh, name, value)
        if values.ndim != 1:
            raise DataError(
                f"field {value!r} has shape {values.shape}", why=f"{name} is a scalar", fix="give a scalar field"
            )
        check_finite(values, f"field {value!r}", fix="mend the field where it is made")
        return corner_mean(mesh, values) if at_nodes else values
    if isinstance(value, (bool, list)):
        raise ConfigError(
            f"--set {name}={value}", why="it must be a number or the name of a field", fix=f"for example: {name}=1"
        )
    return float(value)


def vectors_named(mesh: Mesh, name: str, field: str) -> np.ndarray:
    """A field of vectors, one a cell; of a field at the nodes each cell takes the mean of its corners.

    Args:
        mesh: the mesh.
        name: of what is to be given.
        field: name of the field.

    Raises:
        DataError: no such field, one that is no vector, or values that are not finite.
    """
    values, at_nodes = field_named(mesh, name, field)
    check_vectors(mesh, name, field, values)
    return corner_mean(mesh, values) if at_nodes else values


def check_vectors(mesh: Mesh, name: str, field: str, values: np.ndarray) -> None:
    """Refuse a field that is none of vectors.

    Args:
        mesh: the mesh.
        name: of what is to be given.
        field: name of the field.
        values: of the field.

    Raises:
        DataError: another shape, or values that are not finite.
    """
    if values.shape[1:] != (mesh.dim,):
        what, why = f"field {field!r} has shape {values.shape}", f"{name} has {mesh.dim} components"
        raise DataError(what, why=why, fix="give a field of vectors")
    check_finite(values, f"field {field!r}", fix="mend the field where it is made")


def field_named(mesh: Mesh, name: str, field: str) -> tuple[np.ndarray, bool]:
    """A field of the mesh, and whether it stands at the nodes.

    Args:
        mesh: the mesh; a field of its cells comes before one of its nodes.
        name: of what is to be given.
        field: name of the field.

    Raises:
        DataError: no such field.
    """
    for data, at_nodes in ((mesh.cell_data, False), (mesh.point_data, True)):
        if field in data:
            return np.asarray(data[field], dtype=np.float64), at_nodes
    known = [*mesh.point_data, *mesh.cell_data]
    raise DataError(
        f"--set {name}={field}: the mesh has no field {field!r}",
        why=f"it has: {', '.join(known) or 'none'}",
        fix=suggestion(field, known) or "give a number, or the name of a field of the mesh",
    )


def _same(mesh: Mesh, path: Path) -> Mesh:
    from gno.mesh import load

    other = load(path)
    counts = (mesh.num_points, mesh.num_cells), (other.num_points, other.num_cells)
    if counts[0] != counts[1]:
        raise DataError(
            f"{path} has {counts[1][0]} nodes and {counts[1][1]} cells",
            why=f"the mesh has {counts[0][0]} and {counts[0][1]}",
            fix="give fields on the nodes or cells of this mesh",
        )
    extent = float(np.ptp(mesh.points, axis=0).max())
    if other.dim != mesh.dim or not np.allclose(other.points, mesh.points, rtol=0, atol=1e-6 * extent):
        raise DataError(f"{path} has its nodes elsewhere", why="fields are taken node by node", fix="use the same mesh")
    return other


def _values(mesh: Mesh, spec: FieldSpec, value: Value) -> tuple[np.ndarray, bool]:
    if isinstance(value, str):
        return field_named(mesh, spec.name, value)
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) != spec.components or any(isinstance(n, (str, bool, list)) for n in numbers):
        wanted = "a number" if spec.components == 1 else f"{spec.components} numbers"
        raise ConfigError(
            f"--set {spec.name}={value}",
            why=f"it must be {wanted} or the name of a field",
            fix=f"for example: --set {spec.name}={','.join('1' * spec.components)}",
        )
    row = np.array(numbers, dtype=np.float64)
    return np.full(mesh.num_points, row[0]) if len(row) == 1 else np.tile(row, (mesh.num_points, 1)), True
