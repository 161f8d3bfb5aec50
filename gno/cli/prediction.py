"""What is told and written of a prediction: where it is unsafe, by how much it misses the equation, files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gno.errors import ConfigError, GnoError
from gno.files import replacing
from gno.mesh import Mesh, save
from gno.mesh.used import used_part
from gno.models.operator.calibration import BAND, LEVEL
from gno.models.operator.novelty import NOVELTY
from gno.problems import Polished, misfit, polish, problem_of
from gno.problems.polish import Improvable
from gno.problems.registry import family_of
from gno.report import fields_picture

if TYPE_CHECKING:
    from gno.models import Operator


def residual(operator: Operator, mesh: Mesh) -> tuple[Mesh, float | None, str]:
    """The mesh with the residual of its problem in the cell data.

    Args:
        operator: the model; its attributes name the problem.
        mesh: of a prediction.

    Returns:
        the mesh, the relative residual as of ``gno.problems.misfit``, and a remark where there is none.
    """
    problem = problem_of(operator.attributes)
    if problem is None:
        return mesh, None, "the model names no problem of ours: no residual is written"
    try:
        found = misfit(problem, mesh)
    except GnoError as error:
        return mesh, None, f"no residual is written: {error}"
    values = found.cells[:, 0] if found.cells.shape[1] == 1 else found.cells
    return mesh.with_data(cell_data={**mesh.cell_data, "residual": values}), found.relative, ""


def polished(operator: Operator, mesh: Mesh, amount: float) -> Polished:
    """What the plain solver makes of a prediction; the error bands, which are those of the prediction, are left out.

    Args:
        operator: the model; its attributes name the problem.
        mesh: of a prediction.
        amount: as of ``gno.problems.polish``.

    Raises:
        ConfigError: the model names no problem of ours, or one whose solver takes no start; another amount.
        SolverError: there is no solution.
    """
    problem: object = family_of(operator.attributes)
    if not isinstance(problem, Improvable):
        raise ConfigError(
            "a prediction of this model cannot be polished",
            why="it names no problem of ours whose solver takes a start",
            fix="leave out --polish",
        )
    return polish(problem, mesh.without([channel.spec.name + BAND for channel in operator.targets]), amount)


def promised(operator: Operator, level: float | None) -> dict[str, dict[str, Any]]:
    """``bands``: of each target that has one, level, half width over the scale, bound of the relative L2 error.

    Args:
        operator: the model.
        level: that was asked for, if any.
    """
    at = LEVEL if level is None else level
    known = {name: band for name, band in operator.bands.items() if at in band.levels}
    return {
        "bands": {
            name: {"level": at, "width": band.widths[k], "bound": band.bounds[k], "samples": band.samples}
            for name, band in known.items()
            for k in [band.number(at)]
        }
    }


def summary(operator: Operator, mesh: Mesh) -> list[dict[str, Any]]:
    """Extremes and means of what was predicted.

    Args:
        operator: the model.
        mesh: of a prediction.
    """
    from gno.models.operator.prediction import DISTANCE

    mesh, _ = used_part(mesh)
    wanted = [(c.spec.name, c.spec.units, mesh.point_data) for c in operator.targets]
    wanted += [(DISTANCE, "1", mesh.point_data), (NOVELTY, "1", mesh.point_data)]
    wanted += [(c.spec.name + BAND, c.spec.units, mesh.point_data) for c in operator.targets]
    wanted += [("residual", "", mesh.cell_data)]
    return [
        {"field": name, "units": units, "min": float(v.min()), "mean": float(v.mean()), "max": float(v.max())}
        for name, units, data in wanted
        if name in data
        for v in [np.asarray(data[name], dtype=np.float64)]
    ]


def write(operator: Operator, mesh: Mesh, path: Path) -> Path:
    """Write the fields, and beside them a picture of inputs and targets; both or none.

    Args:
        operator: the model.
        mesh: of a prediction.
        path: the file of the fields.

    Returns:
        the picture.
    """
    fields = [channel for channel in operator.inputs if not channel.per_sample]
    shown = {c.spec.name: c.spec.units for c in (*fields[:2], *operator.targets[:2])}
    return write_with_picture(
        mesh, shown, path, title=f"prediction of {', '.join(c.spec.name for c in operator.targets)}"
    )


def write_with_picture(mesh: Mesh, shown: dict[str, str], path: Path, *, title: str) -> Path:
    """Write the fields of a mesh, and beside them a picture of some; both or none.

    Args:
        mesh: the mesh.
        shown: name to units of the fields in the picture.
        path: the file of the fields.
        title: of the picture.

    Returns:
        the picture.

    Raises:
        ResourceError: a file cannot be written.
    """
    picture = path.with_suffix(".png")
    with replacing(picture) as image:
        fields_picture(mesh, shown, image, title=title)
        save(mesh, path)
    return picture
