"""Solutions of nonlinear equations as differentiable functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import SolverError
from gno.fv.linear.factor import Factor
from gno.fv.linear.lagged import LaggedFactor, Linearization
from gno.fv.linear.sparse import apply_inverse
from gno.fv.nonlinear.newton import Jacobian, Newton, OnStep, Residual
from gno.fv.nonlinear.report import ConvergenceError, Report

Parameters = TypeVar("Parameters")


@runtime_checkable
class Iteration(Protocol):
    """What finds the zero of a residual."""

    def solve(
        self, residual: Residual, jacobian: Jacobian, u: Tensor, on_step: OnStep | None = None
    ) -> tuple[Tensor, Report, LaggedFactor]:
        """The last state, how it went, and what solves with its Jacobian; arguments as of ``Newton.solve``."""


def implicit_solve(
    residual: Callable[[Tensor, Parameters], Tensor],
    initial: Float[Tensor, "..."],
    parameters: Parameters,
    *,
    jacobian: Callable[[Tensor, Parameters], Linearization],
    method: Iteration | None = None,
    derivatives: int = 1,
    on_step: OnStep | None = None,
    check: bool = True,
) -> tuple[Float[Tensor, "..."], Report]:
    r"""Solve :math:`R(u, \theta) = 0` for u, differentiably in every parameter.

    The solution :math:`u^*` is found without a graph. Then chord steps, whose value is nought, attach it to one:

    .. math::
        u \leftarrow u - J(u^*)^{-1} R(u, \theta)

    One makes first derivatives exact, two second ones, for each step takes an error of order :math:`O(\delta\theta)`
    off. So backward costs one transposed solve and one product with :math:`\partial R / \partial \theta`, and memory
    does not grow with the number of iterations.

    Args:
        residual: ``R`` of the shape of u: ``(cells,)``, ``(cells, components)`` or ``(samples, cells, components)``.
        initial: where to start.
        parameters: tensors in dicts, tuples or whatever the residual takes; any of them may require a gradient, and so
            may tensors that the residual has from elsewhere.
        jacobian: entries and pattern of the exact Jacobian, and, if there is one, what makes a matrix nearby that is
            factorized in its stead: GMRES makes up for the difference. Entries are ``(samples, entries)`` where samples
            do not know of each other.
        method: ``Newton`` with its options, or another iteration.
        derivatives: how often the solution can be differentiated.
        on_step: called with the number of steps and the relative residual.
        check: whether to refuse a solution that did not converge; if not, it has no gradient.

    Returns:
        the solution, and how it went.

    Raises:
        ConvergenceError: no convergence; it carries the report.
        SolverError: a residual or Jacobian that is not finite, or a singular Jacobian.

    Example:
        >>> from gno.fv.linear.pattern import SparsePattern
        >>> pattern, _ = SparsePattern.of(torch.tensor([0]), torch.tensor([0]), 1)
        >>> a = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
        >>> root, report = implicit_solve(
        ...     lambda u, a: u**2 - a, torch.ones(1), a, jacobian=lambda u, a: (2 * u, pattern)
        ... )
        >>> root.backward()
        >>> round(root.item(), 6), round(a.grad.item(), 6)
        (1.414214, 0.353553)
    """
    with torch.no_grad():
        start = initial.detach().double()
        refuse_not_finite(residual(start, parameters), parameters)
        u, report, linear = (method or Newton()).solve(
            lambda u: residual(u, parameters), lambda u: jacobian(u, parameters), start, on_step
        )
    if check and not report.converged:
        raise ConvergenceError(report)
    if not (report.converged and torch.is_grad_enabled()):
        return u, report

    def factor() -> LaggedFactor:
        with torch.no_grad():
            linear.update(*jacobian(u, parameters))
        return linear

    return attach(u, lambda u: residual(u, parameters), factor, derivatives), report


def attach(
    u: Float[Tensor, "..."], residual: Callable[[Tensor], Tensor], factor: Callable[[], Factor], derivatives: int
) -> Float[Tensor, "..."]:
    """Chord steps with a graph; their right-hand side is nought in value, so the solution stays as it is.

    Args:
        u: the solution, without a graph.
        residual: of the state; the graph is that of the tensors it is made of.
        factor: gives the Jacobian at the solution, ready to be solved with; called if there is a graph.
        derivatives: how often the result can be differentiated.

    Example:
        >>> from gno.fv.linear.sparse import SparsePattern, factorize
        >>> pattern, _ = SparsePattern.of(torch.tensor([0]), torch.tensor([0]), 1)
        >>> b = torch.tensor([6.0], requires_grad=True)
        >>> u = attach(torch.tensor([3.0]), lambda u: 2 * u - b, lambda: factorize(torch.tensor([2.0]), pattern), 1)
        >>> u.sum().backward()
        >>> u.item(), b.grad.tolist()
        (3.0, [0.5])
    """
    inverse: Factor | None = None
    for _ in range(derivatives):
        rest = residual(u)
        if not rest.requires_grad:
            return u
        inverse = factor() if inverse is None else inverse
        u = u - apply_inverse(inverse, (rest - rest.detach()).reshape(-1)).reshape(u.shape)
    return u


def refuse_not_finite(residual: Tensor, parameters: Any) -> None:
    """Refuse a residual that is not finite; name the cell, and the parameter if that is to blame.

    Args:
        residual: ``(cells,)`` or ``(..., cells, components)``.
        parameters: what it was made of.

    Raises:
        SolverError: an entry that is not finite.

    Example:
        >>> refuse_not_finite(torch.tensor([0.0, float("nan")]), {"nu": torch.tensor(float("nan"))})
        Traceback (most recent call last):
        ...
        gno.errors.SolverError: the residual is not finite in cell 1; parameter 'nu' is not finite; look there
    """
    bad = ~residual.isfinite()
    if bool(bad.any()):
        index = bad.nonzero()[0].tolist()
        cell = index[0] if len(index) == 1 else index[-2]
        name = _not_finite(parameters, "")
        raise SolverError(
            f"the residual is not finite in cell {cell}",
            why="" if name is None else f"parameter {name!r} is not finite",
            fix="look for NaN and division by zero" if name is None else "look there",
        )


def _not_finite(tree: Any, name: str) -> str | None:
    """Name of the first tensor in a tree that is not finite."""
    if isinstance(tree, Tensor):
        return None if bool(tree.isfinite().all()) else name
    if is_dataclass(tree):
        tree = {field.name: getattr(tree, field.name) for field in fields(tree)}
    if isinstance(tree, list | tuple):
        tree = dict(zip(getattr(tree, "_fields", range(len(tree))), tree))
    if not isinstance(tree, Mapping):
        return None
    found = (_not_finite(value, f"{name}.{key}" if name else str(key)) for key, value in tree.items())
    return next((name for name in found if name is not None), None)
