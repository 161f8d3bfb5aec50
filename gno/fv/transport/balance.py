"""The balance of a scalar in a flow: what is carried and what diffuses through the faces."""

from __future__ import annotations

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from gno.fv.linear.lagged import Kept
from gno.fv.linear.pattern import SparsePattern
from gno.fv.nonlinear.balance import Balance, Slope, State
from gno.fv.nonlinear.implicit import implicit_solve
from gno.fv.nonlinear.newton import Newton
from gno.fv.nonlinear.report import Report
from gno.fv.transport.advected import Scheme, dot, seen_from, upwinded
from gno.fv.transport.terms import Transport
from gno.fv.volumes.mesh import FVMesh

Column = Float[Tensor, " cells"]
IN_TIME = Newton(tolerance=1e-13)
"""A step in time: what it misses adds up over the steps."""


class ScalarBalance(Balance):
    r"""What leaves each cell less what is made in it; the parameters are a ``Transport``.

    .. math::
        R_P = \sum_f \left( F u_f - |S| \, q_f \right) + V (c u_P - f), \qquad
        q_f = \frac{u_N - u_P + \nabla u_P \cdot s_P + \nabla u_N \cdot s_N}{\delta_P / D_P + \delta_N / D_N}

    Args:
        mesh: of cells.
        scheme: how the value :math:`u_f` that is carried through a face is extrapolated.
    """

    def __init__(self, mesh: FVMesh, scheme: Scheme) -> None:
        self.scheme = scheme
        rows, cols = mesh.pairs()
        self.pairs, _ = SparsePattern.of(rows, cols, mesh.num_cells)
        super().__init__(mesh.owner, mesh.neighbor, num_cells=mesh.num_cells, components=1, stencil=self.pairs)

    def gradient(self, theta: Transport) -> tuple[Tensor, Tensor]:
        """Made with the parameters."""
        return theta.coefficient, theta.offset

    def flux(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: Transport) -> State:
        """What is carried less what diffuses."""
        f = theta.inner
        drop = u_p - u_n - dot(g_p, f.slide_p) - dot(g_n, f.slide_n)
        return self._carried(u_p, u_n, g_p, g_n, theta) + f.conductance[:, None] * drop

    def outer_flux(self, u_p: State, g_p: Slope, theta: Transport) -> State:
        """The same, with the value at the face that the condition gives; what leaves is seen from inside."""
        f = theta.outer
        there = f.value(u_p, g_p)
        diffused = f.conductance[:, None] * (u_p - dot(g_p, f.slide) - there)
        if self.scheme == "central":
            return theta.outer_mass[:, None] * there + diffused
        # a condition on the flux says nothing about the value ahead: there the slope goes on
        known = ((1 - f.beta) * f.weight)[:, None]
        ahead = known * (there - u_p) + (1 - known) * dot(g_p, f.to_face)
        leaving = seen_from(self.scheme, u_p, ahead, g_p, theta.from_inside, theta.flat)
        return upwinded(theta.outer_mass, leaving, there) + diffused

    def source(self, u: State, g: Slope, theta: Transport) -> State:  # noqa: ARG002 - as the parent has it
        """:math:`V (f - c u)`."""
        return theta.volume[:, None] * (theta.source[..., None] - theta.reaction[:, None] * u)

    def gradients(self, u: Column, theta: Transport) -> Float[Tensor, "cells dim"]:
        """The gradient in each cell."""
        return self.slopes(u[:, None], theta)[0][:, 0]

    def leaving(self, u: Column, theta: Transport) -> Float[Tensor, " outer"]:
        """What flows and diffuses out through each outer face."""
        g, _ = self.slopes(u[:, None], theta)
        return self.outer_flux(*self.border_side(u[:, None], g), theta)[:, 0]

    def steady(self, start: Column, theta: Transport, method: Newton | None = None) -> tuple[Column, Report]:
        """The field in balance.

        Args:
            start: where to start.
            theta: the parameters.
            method: Newton's method, with its options.
        """
        u, report = implicit_solve(self.residual, start[:, None], theta, jacobian=self.jacobian, method=method)
        return u[:, 0], report

    def change(self, u: Column, theta: Transport) -> Column:
        r""":math:`\partial u / \partial t = -R / V`."""
        return -self.residual(u[:, None], theta)[:, 0] / theta.volume

    def implicit(
        self, start: Column, rate: float, memory: Column, theta: Transport, kept: Kept
    ) -> tuple[Column, Report]:
        r"""The field with :math:`\partial u / \partial t = r u + m`: as steady, with more reaction and source.

        Args:
            start: where to start.
            rate: r.
            memory: m.
            theta: the parameters.
            kept: a factor to use.
        """
        theta = theta._replace(reaction=theta.reaction + rate, source=theta.source - memory)
        return self.steady(start, theta, replace(IN_TIME, kept=kept))

    def _carried(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: Transport) -> State:
        f = theta.inner
        if self.scheme == "central":
            near_n = f.near_n[:, None]
            between = u_p + near_n * (u_n - u_p) + dot((g_p + g_n) / 2, f.from_p.to_face - near_n * f.from_p.along)
            return f.mass[:, None] * between
        from_p = seen_from(self.scheme, u_p, u_n - u_p, g_p, f.from_p, theta.flat)
        from_n = seen_from(self.scheme, u_n, u_p - u_n, g_n, f.from_n, theta.flat)
        return upwinded(f.mass, from_p, from_n)
