"""The energy of what a field at the nodes misses of equations between the cells."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv import ResidualEnergy
from gno.mesh import Mesh


class NodalEnergy:
    r"""The residual of a field at the nodes as an energy, differentiably: a loss that needs no label.

    .. math::
        J(v) = E(M v), \qquad (M v)_P = \frac{1}{|P|} \sum_{i \in P} v_i

    with ``gno.fv.ResidualEnergy`` :math:`E`. Where it is least, the means over the corners :math:`M v` are as near to
    the discrete solution as fields at the nodes can be: not quite 0, because there are fewer nodes than triangles.

    Args:
        mesh: any mesh.
        name: of the field.
        energy: of values in the cells.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import shapes
        >>> from gno.problems import Darcy
        >>> mesh = shapes.square(0.1)
        >>> mesh = mesh.with_data({"permeability": np.ones(mesh.num_points)})
        >>> energy, u = Darcy().energy(mesh), torch.from_numpy(Darcy().solve(mesh).point_data["u"])
        >>> float(energy({"u": 0 * u})), float(energy({"u": u})) < 0.01
        (1.0, True)
    """

    def __init__(self, mesh: Mesh, name: str, energy: ResidualEnergy) -> None:
        self.name, self.energy = name, energy
        self._corners = [torch.from_numpy(cells) for cells in mesh.cells.values()]

    def __call__(self, fields: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """The energy of fields, relative to that of zeros.

        Args:
            fields: name to values ``(nodes,)``.
        """
        v = fields[self.name]
        return self.energy(torch.cat([v[corners.to(v.device)].mean(dim=1) for corners in self._corners]))

    @property
    def num_bytes(self) -> int:
        """Memory that it takes, beside the mesh."""
        return self.energy.num_bytes
