"""All networks by name, as recipes and model files call them."""

from __future__ import annotations

from torch import nn

from gno.errors import ConfigError
from gno.models.hybrids.cfd_gcn import CFDGCN
from gno.models.hybrids.learned_upscaling import LearnedUpscaling
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.models.hybrids.step_corrector import StepCorrector
from gno.models.networks.registry import NETWORKS

MODELS: dict[str, type[nn.Module]] = {
    **NETWORKS,
    "SolverCorrector": SolverCorrector,
    "StepCorrector": StepCorrector,
    "LearnedUpscaling": LearnedUpscaling,
    "CFDGCN": CFDGCN,
}
"""Networks by name, those with a solver inside among them. Each keeps its ``arguments``, as of ``NETWORKS``."""


def name_of(network: nn.Module) -> str:
    """The name of a network.

    Raises:
        ConfigError: a network that is not registered.
    """
    for name, kind in MODELS.items():
        if type(network) is kind:
            return name
    raise ConfigError(f"network {type(network).__name__} is not among {', '.join(MODELS)}", fix="add it to MODELS")
