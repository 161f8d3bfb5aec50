"""Whole networks, one paper a file, and the operator that carries one from mesh to mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.models.cfd_gcn import CFDGCN
    from gno.models.coarse_solve import CoarseSolve
    from gno.models.exported import export, export_inputs
    from gno.models.gcn import GCN
    from gno.models.gkn import GKN
    from gno.models.meshgraphnet import MeshGraphNet
    from gno.models.mgkn import MGKN
    from gno.models.operator import Operator
    from gno.models.propagator import Propagator
    from gno.models.registry import MODELS
    from gno.models.solver_corrector import SolverCorrector
    from gno.models.solver_on_mesh import SolverOnMesh

_LAZY = {
    "CFDGCN": "gno.models.cfd_gcn",
    "CoarseSolve": "gno.models.coarse_solve",
    "GCN": "gno.models.gcn",
    "GKN": "gno.models.gkn",
    "MGKN": "gno.models.mgkn",
    "MODELS": "gno.models.registry",
    "MeshGraphNet": "gno.models.meshgraphnet",
    "Operator": "gno.models.operator",
    "Propagator": "gno.models.propagator",
    "SolverCorrector": "gno.models.solver_corrector",
    "SolverOnMesh": "gno.models.solver_on_mesh",
    "export": "gno.models.exported",
    "export_inputs": "gno.models.exported",
}

__all__ = [
    "CFDGCN",
    "GCN",
    "GKN",
    "MGKN",
    "MODELS",
    "CoarseSolve",
    "MeshGraphNet",
    "Operator",
    "Propagator",
    "SolverCorrector",
    "SolverOnMesh",
    "export",
    "export_inputs",
]

# Import a model when it is first used.
__getattr__ = lazily(__name__, _LAZY)
