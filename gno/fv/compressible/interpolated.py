"""The flow of a gas on another mesh, to start from: what is coarse is quick, and brings the fine one near."""

from __future__ import annotations

import numpy as np
import torch

from gno.errors import DataError
from gno.fv.compressible.flow import Compressible
from gno.fv.compressible.free_stream import FreeStream
from gno.fv.compressible.gas import Gas
from gno.fv.compressible.solution import CompressibleFlow
from gno.fv.nonlinear.report import Report
from gno.mesh import Mesh
from gno.mesh.interpolation import Interpolation

NEEDED = ("density", "velocity", "pressure")


def flow_from(solved: Mesh, solver: Compressible, free: FreeStream) -> CompressibleFlow:
    """A flow between the nodes of another mesh; beyond these it stays between the smallest and largest values there.

    Args:
        solved: with ``density``, ``velocity`` and ``pressure`` at its nodes, as ``gno solve euler`` writes it.
        solver: on the mesh to start on.
        free: the undisturbed flow, which is that of both.

    Raises:
        DataError: a field that is not there or has another shape, or a mesh of another dimension.

    Example:
        >>> from gno.fv import FarField, Slip
        >>> from gno.mesh import shapes
        >>> held = {"airfoil": Slip(), "farfield": FarField()}
        >>> coarse, fine = (shapes.airfoil_o(shapes.naca("0012"), around=n, outward=n // 2) for n in (16, 32))
        >>> first = Compressible(coarse, held).solve(mach=0.6)
        >>> solved = coarse.with_data({name: getattr(first, name).numpy() for name in NEEDED})
        >>> solver = Compressible(fine, held)
        >>> start = flow_from(solved, solver, solver.free_stream(mach=0.6))
        >>> solver.solve(mach=0.6, initial=start).report.iterations < 8  # 9 from the free stream
        True
    """
    mesh, fields = solver.mesh, []
    if solved.dim != mesh.dim:
        raise DataError(f"the flow to start from is {solved.dim}-D", why=f"the mesh is {mesh.dim}-D")
    to = Interpolation.of(solved, mesh.points.numpy())
    for name in NEEDED:
        shape = (solved.num_points, mesh.dim) if name == "velocity" else (solved.num_points,)
        values = solved.point_data.get(name)
        if values is None or values.shape != shape:
            raise DataError(
                f"the flow to start from has no {name} of shape {shape} at its nodes",
                why=f"it has: {', '.join(solved.point_data) or 'nothing'}",
                fix="take what gno solve euler wrote",
            )
        fields.append(torch.from_numpy(np.clip(to(values.astype(float)), values.min(0), values.max(0))))
    gas = Gas(*(field / one for field, one in zip(fields, free.units)))
    report = Report(True, 0, 0.0, (), 0, 0)
    return solver.flow(gas.conserved(solver.heat_ratio), free, solver.parameters(free), report)
