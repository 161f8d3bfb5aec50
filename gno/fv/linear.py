"""Solution of sparse linear systems, checked."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, gmres, splu

from gno.errors import SolverError
from gno.fv.stencil import Stencil

TOLERANCE = 1e-12
"""Norm of the residual over that of the right-hand side at which GMRES stops."""
ACCEPTED = 1e-8
"""The same at which a solution is accepted: rounding keeps GMRES from its goal where the coefficient spans decades."""


STEPS = 100
"""Most steps of GMRES. Ten to twenty are usual; where a hundred do not suffice the correction outweighs the two-point
flux, and the field that would come out oscillates."""


def solve_linear(
    matrix: sparse.csr_array, right: Float[np.ndarray, " n"], near: sparse.csr_array
) -> tuple[Float[np.ndarray, " n"], int, float]:
    """Solve a system by GMRES, preconditioned with the LU of a matrix near to it.

    Args:
        matrix: ``(n, n)``.
        right: right-hand side ``(n,)``.
        near: symmetric positive definite matrix near to it, with fewer entries.

    Returns:
        the solution, the number of steps, and the norm of the true residual over that of ``right``.

    Raises:
        SolverError: the matrix is singular, or the solver does not converge.

    Example:
        >>> eye = sparse.csr_array(np.eye(2))
        >>> solve_linear(2 * eye, np.array([2.0, 4.0]), eye)[0].round(6).tolist()
        [1.0, 2.0]
    """
    with np.errstate(over="ignore"):  # what overflows fails the check of the residual
        size = float(np.linalg.norm(right))
    if size == 0:
        return np.zeros_like(right), 0, 0.0
    try:
        # Minimum degree (MMD_AT_PLUS_A) would halve the fill, but its ordering takes up to five times the whole solve.
        factor = splu(near.tocsc(), permc_spec="COLAMD")
    except RuntimeError as error:
        raise SolverError(
            "the matrix is singular", why=str(error), fix="check the mesh and the coefficients"
        ) from error
    steps: list[float] = []
    with np.errstate(over="ignore", invalid="ignore"):
        # Preconditioned from the right, so that GMRES sees the true residual.
        y, _ = gmres(
            LinearOperator(matrix.shape, lambda y: matrix @ factor.solve(y), dtype=np.float64),
            right,
            x0=right,
            rtol=TOLERANCE,
            restart=STEPS,
            maxiter=1,
            callback=steps.append,
            callback_type="pr_norm",
        )
        u = factor.solve(y)
        residual = float(np.linalg.norm(matrix @ u - right)) / size
    if not residual <= ACCEPTED:
        raise SolverError(
            f"the solver stopped at a relative residual of {residual:.3g} after {len(steps)} steps",
            why=f"{ACCEPTED:g} is needed: the mesh is too skewed, or the coefficient spans too many decades",
            fix="improve the mesh (gno check shows its worst cells)",
        )
    return u, len(steps), residual


def check_determined(stencil: Stencil, reaction: Float[np.ndarray, " cells"]) -> None:
    """Refuse a problem whose solution is known up to a constant only.

    Args:
        stencil: geometry and conditions.
        reaction: ``c (cells,)``.

    Raises:
        SolverError: a connected part of the mesh where neither the field is given nor the reaction is positive.

    Example:
        >>> from gno.fv import Neumann
        >>> from gno.fv.stencil import stencil_of
        >>> from gno.mesh import Mesh
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})
        >>> stencil = stencil_of(mesh, {"*": Neumann()})
        >>> check_determined(stencil, np.ones(1))
        >>> check_determined(stencil, np.zeros(1))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        gno.errors.SolverError: the solution is not unique: ...
    """
    p, n = stencil.owner[: stencil.num_inner], stencil.neighbor
    shape = (stencil.num_cells, stencil.num_cells)
    graph = sparse.coo_array((np.ones(len(p)), (p, n[: len(p)])), shape=shape)
    parts, part = connected_components(graph, directed=False)
    outer = stencil.outer
    held = np.concatenate([part[stencil.owner[outer.number[outer.given]]], part[reaction > 0]])
    loose = np.setdiff1d(np.arange(parts), held)
    if len(loose):
        where = "" if parts == 1 else f" in a part of the mesh ({int((part == loose[0]).sum())} cells)"
        raise SolverError(
            f"the solution is not unique{where}: any constant can be added to it",
            why="only fluxes are given on its boundary, and there is no reaction",
            fix="give the value on a patch (Dirichlet), or a positive reaction",
        )
