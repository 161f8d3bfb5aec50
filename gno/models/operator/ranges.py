"""Whether a mesh is like those of the training: its inputs, its size, its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.errors import DataError
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.models.features.boundary_distance import boundary_distance
from gno.models.operator.prediction import DISTANCE, distance_from_training

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

UNLIKE = 10.0
"""A mesh so many times as deep or as shallow as those of the training may be in other units."""


def outside(operator: Operator, mesh: Mesh) -> list[str]:
    """One line for each way in which a mesh lies outside what the model saw in training.

    Args:
        operator: the model.
        mesh: with the input fields.
    """
    if mesh.dim != operator.geometry.dim or not mesh.num_cells:
        return []  # it will be refused
    mesh, _ = used_part(mesh)
    lines = []
    for channel in operator.inputs:
        values = channel.values(mesh).numpy()
        for k, (low, high) in enumerate(zip(channel.low, channel.high)):
            least, greatest = float(values[:, k].min()), float(values[:, k].max())
            room = 1e-9 * max(abs(low), abs(high))
            if least < low - room or greatest > high + room:
                name = channel.spec.name if channel.spec.components == 1 else f"{channel.spec.name}[{k}]"
                found = f"is {least:.4g}" if least == greatest else f"ranges from {least:.4g} to {greatest:.4g}"
                lines.append(f"{name} {found}, in training from {low:.4g} to {high:.4g}")
    depths = boundary_distance(mesh)
    depth, known = float(depths.max()), operator.geometry.deepest
    if depth == 0:
        lines.append("all nodes lie on the boundary, in training some lay inside")
    elif not known / UNLIKE < depth < known * UNLIKE:
        what = f"nodes lie up to {depth:.3g} from the boundary, in training up to {known:.3g}"
        lines.append(f"{what}: is the mesh in the same units?")
    distance = distance_from_training(operator, mesh, depths)
    far = int((distance > 1e-6).sum())
    if far:
        what = f"{far:,} of {len(distance):,} nodes lie outside the training ranges"
        lines.append(f"{what}, by up to {float(distance.max()):.3g} deviations: {DISTANCE} says where")
    return lines


def refuse_outside(operator: Operator, mesh: Mesh) -> None:
    """Refuse what ``outside`` finds.

    Args:
        operator: the model.
        mesh: with the input fields.

    Raises:
        DataError: the mesh is unlike those of the training.
    """
    lines = outside(operator, mesh)
    if lines:
        raise unlike(lines[0])


def unlike(what: str) -> DataError:
    """The error of inputs unlike those of the training.

    Args:
        what: in which way.
    """
    return DataError(what, why="inputs unlike those of training are refused", fix="leave --strict (strict=True) out")
