"""A coarse solver with a learned correction on the fine mesh."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.models.coarse.registry import solver_of
from gno.models.coarse.solve import CoarseSolve, check_table
from gno.models.hybrids.corrector import Corrector
from gno.models.hybrids.learned_upscaling import LearnedUpscaling
from gno.nn.kernel_options import KernelOptions


class SolverCorrector(Corrector):
    r"""A coarse solution, prolonged to the fine mesh, plus a correction by an operator.

    .. math::
        u = P u_H + s \, \gamma \, G_\theta\Big(a, \; \frac{P u_H}{s}, \; r, \; \operatorname{arsinh} r\Big),
        \qquad s = \| P u_H \|, \quad r = \frac{R(P u_H)}{\rho \, |R(u_0)|}

    The operator sees what is known of the sample, the prolonged coarse solution, and by how much that misses the
    equations of the fine mesh, all in units of the sample: in a linear problem, sources and boundary values that are
    twice as large give twice the field. ``gamma`` and ``rho``, the typical sizes of correction and residual, are
    measured on training samples. The first prediction is the prolonged coarse solution itself.

    A coarse solver inside of a network: Um et al. 2020, arXiv 2007.00016; Belbute-Peres et al. 2020, arXiv 2007.04439.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: physical radius of the edges inside each level, level 0 included.
        network: name of the operator in ``NETWORKS`` of ``gno.models.networks.registry``.
        options: arguments of the operator: of ``MGKN``, ``width`` and ``cycles``.
        kernel: options of its kernels.
        coarse: the coarse solver: a ``CoarseSolve``, or a table of its ``nodes``, ``smoothing`` and
            ``cycles``, and perhaps of a ``solver`` as of ``solver_of``. Without one an ``Operator`` takes that of the
            problem it was trained on. ``upscaling`` are the arguments of a ``LearnedUpscaling`` that stands in for its
            equations, frozen; a recipe names the model file that has it.

    Raises:
        ConfigError: an unknown network or solver, or a value that cannot be.

    Example:
        >>> network = SolverCorrector(3, 1, radius=(0.1, 0.3), options={"width": 8}, coarse={"nodes": 100})
        >>> network.operator.arguments["in_channels"], network.operator.arguments["width"]
        (6, 8)
    """

    scale: Tensor
    rest_scale: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        radius: Sequence[float],
        network: str = "mgkn",
        options: Mapping[str, Any] | None = None,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
        coarse: CoarseSolve | Mapping[str, Any] | None = None,
    ) -> None:
        own: dict[str, Any] = {"radius": radius, "network": network, "options": options, "kernel": kernel}
        super().__init__(in_channels, out_channels, seen=3 * out_channels, **own)
        self.gain = nn.Parameter(torch.zeros(out_channels))
        self.register_buffer("scale", torch.ones(out_channels))
        self.register_buffer("rest_scale", torch.ones(out_channels))
        self.coarse, self.table = _parts(coarse)
        self.upscaling = _frozen(self.table.get("upscaling"))
        self.arguments["coarse"] = self.table

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """The corrected fields, as the operator's normalizers encode them.

        Args:
            graph: as the operator takes it, with ``base``, ``unit``, ``prolonged`` and ``rest``, all ``(nodes, out)``:
                the prolonged fields, encoded, the unit of the correction, and the prolonged fields and their residual
                in units of the sample; or a batch of such.

        Raises:
            DataError: a graph without them, or with another number of levels or channels.
        """
        if "base" not in graph:
            raise DataError(
                "the graph has no coarse solution", why="the network corrects one", fix="make it by Operator.graph"
            )
        inner, rest = copy.copy(graph), graph.rest / self.rest_scale
        # Coarse levels take means, which of the residual itself say what is missed there; its peaks are for the rest.
        inner.x = torch.cat([graph.x, graph.prolonged, rest, torch.asinh(rest)], dim=1)
        return graph.base + graph.unit * self.scale * self.gain * self.operator(inner)


def _parts(coarse: CoarseSolve | Mapping[str, Any] | None) -> tuple[CoarseSolve | None, dict[str, Any]]:
    """The solver, where it is known, and what a model file says of it."""
    if isinstance(coarse, CoarseSolve):
        return coarse, coarse.numbers
    table = dict(coarse or {})
    check_table(table)
    if "upscaling" in table and "solver" in table:
        raise ConfigError("coarse has a solver and an upscaling", why="that is learned for the problem's own equations")
    if "solver" not in table:
        return None, table
    options = {name: value for name, value in table.items() if name != "solver"}
    return CoarseSolve(solver_of(table["solver"]), **options), table


def _frozen(arguments: Mapping[str, Any] | None) -> LearnedUpscaling | None:
    """A network that was trained before, and does not learn on."""
    return None if arguments is None else LearnedUpscaling(**arguments).requires_grad_(False).eval()
