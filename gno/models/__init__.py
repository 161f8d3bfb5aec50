"""Whole networks, one paper a file, and the operator that carries one from mesh to mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.models.coarse.compressible import CoarseCompressible
    from gno.models.coarse.diffusion import CoarseDiffusion
    from gno.models.coarse.incompressible import CoarseIncompressible
    from gno.models.coarse.solve import CoarseSolve
    from gno.models.exported import export, export_inputs
    from gno.models.hybrids.cfd_gcn import CFDGCN
    from gno.models.hybrids.learned_upscaling import LearnedUpscaling
    from gno.models.hybrids.solver_corrector import SolverCorrector
    from gno.models.hybrids.step_corrector import StepCorrector
    from gno.models.in_time.propagator import Propagator
    from gno.models.networks.gcn import GCN
    from gno.models.networks.gkn import GKN
    from gno.models.networks.meshgraphnet import MeshGraphNet
    from gno.models.networks.mgkn import MGKN
    from gno.models.networks.multipole_operator import MultipoleOperator
    from gno.models.networks.transolver import Transolver
    from gno.models.operator.band import Band
    from gno.models.operator.calibration import calibrate
    from gno.models.operator.novelty import Novelty, learn_novelty
    from gno.models.operator.operator import Operator
    from gno.models.registry import MODELS

_LAZY = {
    "Band": "gno.models.operator.band",
    "CFDGCN": "gno.models.hybrids.cfd_gcn",
    "CoarseCompressible": "gno.models.coarse.compressible",
    "CoarseDiffusion": "gno.models.coarse.diffusion",
    "CoarseIncompressible": "gno.models.coarse.incompressible",
    "CoarseSolve": "gno.models.coarse.solve",
    "GCN": "gno.models.networks.gcn",
    "GKN": "gno.models.networks.gkn",
    "LearnedUpscaling": "gno.models.hybrids.learned_upscaling",
    "MGKN": "gno.models.networks.mgkn",
    "MODELS": "gno.models.registry",
    "MeshGraphNet": "gno.models.networks.meshgraphnet",
    "MultipoleOperator": "gno.models.networks.multipole_operator",
    "Novelty": "gno.models.operator.novelty",
    "Operator": "gno.models.operator.operator",
    "Propagator": "gno.models.in_time.propagator",
    "SolverCorrector": "gno.models.hybrids.solver_corrector",
    "StepCorrector": "gno.models.hybrids.step_corrector",
    "Transolver": "gno.models.networks.transolver",
    "calibrate": "gno.models.operator.calibration",
    "export": "gno.models.exported",
    "export_inputs": "gno.models.exported",
    "learn_novelty": "gno.models.operator.novelty",
}

__all__ = [
    "CFDGCN",
    "GCN",
    "GKN",
    "MGKN",
    "MODELS",
    "Band",
    "CoarseCompressible",
    "CoarseDiffusion",
    "CoarseIncompressible",
    "CoarseSolve",
    "LearnedUpscaling",
    "MeshGraphNet",
    "MultipoleOperator",
    "Novelty",
    "Operator",
    "Propagator",
    "SolverCorrector",
    "StepCorrector",
    "Transolver",
    "calibrate",
    "export",
    "export_inputs",
    "learn_novelty",
]

# Import a model when it is first used.
__getattr__ = lazily(__name__, _LAZY)
