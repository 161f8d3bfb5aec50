"""Edges as kernel integrals need them: laid out, with their hidden features, or with their matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.graph.halo import Halo
from gno.nn.kernel_integral import KernelIntegral
from gno.ops.cost import matrices_pay
from gno.ops.features import Features
from gno.ops.matrices import KernelMatrices, kernel_matrices
from gno.ops.plans import Plan
from gno.ops.traced import TracedPlan


class EdgeSet(NamedTuple):
    """Edges ready for kernel integrals: where they go, their hidden features, or what makes them, and weights.

    ``matrices``, if any, are those of one layer: any other goes by the features. ``halo``, if any, brings the values at
    sources that another process has.
    """

    plan: Plan
    hidden: Float[Tensor, "slots h"] | tuple[nn.Module, Float[Tensor, "edges d"]]
    share: Float[Tensor, "slots 1"]
    matrices: KernelMatrices | None = None
    halo: Halo | None = None

    def formed(self, layer: KernelIntegral, times: int) -> EdgeSet:
        """These edges with the matrices of a layer; as they are in a function that is compiled.

        Args:
            layer: whose matrices the features combine.
            times: integrals by it to come.
        """
        plan, hidden, share, *_ = self
        if isinstance(plan, TracedPlan):
            return self
        features = Features(hidden) if isinstance(hidden, Tensor) else Features(hidden[1], plan.edge, hidden[0])
        return self._replace(
            matrices=kernel_matrices(features, share, layer.weight, layer.kernel_bias, plan, times=times)
        )

    def integrate(self, layer: KernelIntegral, u: Float[Tensor, "sources c_in"]) -> Float[Tensor, "targets c_out"]:
        """The kernel integral of a layer over these edges, without root and bias.

        Args:
            layer: whose matrices the features combine.
            u: values at the sources.
        """
        if self.halo is not None:
            u = self.halo(u)
        if self.matrices is not None and self.matrices.weight is layer.weight:
            return self.matrices.apply(u)
        return layer.contract(u, self.hidden, self.share, self.plan)


def with_matrices(edges: Sequence[EdgeSet], layers: Sequence[KernelIntegral], times: int, memory: int) -> list[EdgeSet]:
    """Edge sets with their matrices where several integrals by one layer are quicker so, the smallest first.

    Sets whose features are not at hand stay as they are. So do all of them off the CPU and under autocast, where
    nothing was measured, and where a compiler watches.

    Args:
        edges: the sets.
        layers: the layer of each set.
        times: integrals of each set by its layer.
        memory: bytes that all matrices may take.
    """
    result = list(edges)
    if torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu"):
        return result
    sets = [(n, one, layer) for n, (one, layer) in enumerate(zip(edges, layers)) if _pays(one, layer.weight, times)]
    for n, one, layer in sorted(sets, key=lambda numbered: _matrix_bytes(*numbered[1:])):
        size = _matrix_bytes(one, layer)
        if size > memory:
            break
        result[n], memory = one.formed(layer, times), memory - size
    return result


def _matrix_bytes(edges: EdgeSet, layer: KernelIntegral) -> int:
    return edges.plan.num_edges * layer.weight[0].numel() * layer.weight.element_size()


def _pays(edges: EdgeSet, weight: Tensor, times: int) -> bool:
    plan, hidden, *_ = edges
    if not isinstance(hidden, Tensor) or hidden.device.type != "cpu":
        return False
    trained = torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad)
    return matrices_pay(plan.num_edges, (plan.num_sources, plan.num_targets), weight.shape, times, trained=trained)
