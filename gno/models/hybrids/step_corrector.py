"""A coarse step in time with a learned correction."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.models.coarse.stepper import Steppable
from gno.models.hybrids.corrector import Corrector
from gno.nn.kernel_options import KernelOptions


class StepCorrector(Corrector):
    r"""A step of a solver on the nodes of the data, plus a correction by an operator.

    .. math::
        u_{n+1} = S_H(u_n; \tau) + s \, \sigma \, G_\theta\Big(a, \tau, \frac{u_n}{s},
        \frac{S_H(u_n; \tau) - u_n}{\rho \, s}\Big), \qquad s = \| u_n \|

    The operator sees the state and how the solver changes it in units of the state: where the equations are linear and
    nothing drives them, a state twice as large has twice the correction. In a nonlinear flow the relative change says
    how quick it is. ``sigma`` and ``rho``, the typical sizes of correction and change, are measured on training
    trajectories. The last layer of the operator is 0 at first: the first model is the plain solver itself. A
    ``Propagator`` makes the graph, and takes out of the corrected state what the equations do not admit.

    Source: Um et al. 2020, arXiv 2007.00016; Kochkov et al. 2021, https://doi.org/10.1073/pnas.2101784118.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: physical radius of the edges inside each level, level 0 included.
        network: name of the operator in ``NETWORKS`` of ``gno.models.networks.registry``.
        options: arguments of the operator: of ``MGKN``, ``width`` and ``cycles``.
        kernel: options of its kernels.

    Raises:
        ConfigError: an unknown network, or a value that cannot be.

    Example:
        >>> network = StepCorrector(4, 1, radius=(0.1, 0.3), options={"width": 8})
        >>> network.operator.arguments["in_channels"], float(network.scale)
        (5, 1.0)
    """

    scale: Tensor
    change_scale: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        radius: Sequence[float],
        network: str = "mgkn",
        options: Mapping[str, Any] | None = None,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
    ) -> None:
        own: dict[str, Any] = {"radius": radius, "network": network, "options": options, "kernel": kernel}
        super().__init__(in_channels, out_channels, seen=out_channels, **own)
        _silence(self.operator)
        self.register_buffer("scale", torch.ones(out_channels))
        self.register_buffer("change_scale", torch.ones(out_channels))
        self.solver: Steppable | None = None

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """The change of the state over the step, as the operator's normalizers encode it.

        Args:
            graph: as the operator takes it, with the state in units of itself in ``x``, and with ``base``, ``unit`` and
                ``change``, all ``(nodes, out)``: the change by the solver, encoded, the unit of the correction, and
                that change in units of the state; or a batch of such.

        Raises:
            DataError: a graph without them, or with another number of levels or channels.
        """
        if "base" not in graph:
            raise DataError(
                "the graph has no step of a solver", why="the network corrects one", fix="make it by Propagator.at"
            )
        inner = copy.copy(graph)
        inner.x = torch.cat([graph.x, graph.change / self.change_scale], dim=1)
        return graph.base + graph.unit * self.scale * self.operator(inner)


def _silence(network: nn.Module) -> None:
    """Make a network return 0, and yet learn at once: a factor of 0 would rise by a learning rate a step."""
    layers = [part for part in network.modules() if getattr(part, "weight", None) is not None]
    last = [part for part in layers if part.weight.ndim == 2][-1]
    for parameter in last.parameters(recurse=False):
        nn.init.zeros_(parameter)


def check_steppable(problem: object, name: str) -> None:
    """Refuse a problem whose solver offers no step.

    Args:
        problem: any, or none.
        name: of it.

    Raises:
        ConfigError: it offers none.

    Example:
        >>> from gno.problems import TorusFlow
        >>> check_steppable(TorusFlow(), "ns-torus")
    """
    if not isinstance(problem, Steppable):
        raise ConfigError(
            f"the problem {name!r} offers no step of a solver",
            why="StepCorrector corrects one",
            fix="take ns-torus or cylinder; or give the network one: operator.network.solver",
        )
