"""What a field misses of the equations of diffusion, as an energy: a measure that can be made small."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.diffusion.equations import DiffusionEquations
from gno.fv.linear.lu import LU


class ResidualEnergy:
    r"""The residual of a field in the norm in which it is the error: 0 for the solution, 1 for zeros.

    .. math::
        E(u) = \frac{r^\top P^{-1} r}{b^\top P^{-1} b}, \qquad r = A u - b

    with the matrix :math:`A` of the equations, their right-hand side :math:`b`, and the matrix :math:`P` of the
    two-point flux, which is symmetric, positive definite and near to :math:`A`: so :math:`E` is near to the square of
    the relative error in the norm of energy, however fine the mesh. The plain norm of the residual is not: what is
    smooth in an error weighs in it less than what jumps from cell to cell, by the square of the condition number.

    Cost: one sparse LU of :math:`P` for all fields; for each a product with :math:`A`, one with its transpose, and two
    triangular solves. It can be differentiated once.

    Args:
        equations: of one sample; their tensors are taken without their graph.

    Raises:
        SolverError: the solution is not unique.

    Example:
        >>> from gno.fv import Diffusion, Dirichlet
        >>> from gno.mesh import Mesh
        >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> mesh = Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
        >>> diffusion = Diffusion(mesh, {"*": Dirichlet(0.0)})
        >>> energy, u = diffusion.energy(2.0, 1.0), diffusion.solve(2.0, 1.0).u
        >>> [round(float(energy(c * u)), 9) for c in (0.0, 1.0, 2.0)]
        [1.0, 0.0, 1.0]
    """

    def __init__(self, equations: DiffusionEquations) -> None:
        equations.refuse_undetermined()
        near = equations.two_point()
        self._matrix, self._near = near + equations.flux.correction(), LU(near, diagonal=True)
        self._right = -equations.residual(torch.zeros_like(equations.source)).detach().numpy()
        self._scale = float(self._right @ self._near.solve_array(self._right, False)) or 1.0

    def __call__(self, u: Float[Tensor, " cells"]) -> Float[Tensor, ""]:
        """The energy of a field, in double precision.

        Args:
            u: values ``(cells,)``.
        """
        rest = self._matrix @ u.detach().double().cpu().numpy() - self._right
        error = self._near.solve_array(rest, False)
        slope = torch.from_numpy(2 / self._scale * (self._matrix.T @ error)).to(u.device)
        value = float(rest @ error) / self._scale
        return value + slope @ (u.double() - u.detach().double())  # whose gradient is the slope

    @property
    def num_bytes(self) -> int:
        """Memory of its matrix and factors."""
        each = np.dtype(np.float64).itemsize + np.dtype(np.int32).itemsize
        return each * (self._matrix.nnz + self._near.num_entries)
