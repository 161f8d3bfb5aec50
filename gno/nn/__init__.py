"""Layers of neural operators: kernel integrals, the multipole V-cycle, and what they are made of."""

from __future__ import annotations

from gno.nn.cell_guard import CellGuard
from gno.nn.edge_features import edge_features
from gno.nn.graph_convolution import GraphConvolution, GraphConvolutions
from gno.nn.graph_net_block import GraphNetBlock
from gno.nn.kernel_integral import KernelIntegral
from gno.nn.mlp import MLP
from gno.nn.multipole import MultipoleCycle, MultipoleKernels
from gno.nn.nearest_interpolation import NearestInterpolation

__all__ = [
    "MLP",
    "CellGuard",
    "GraphConvolution",
    "GraphConvolutions",
    "GraphNetBlock",
    "KernelIntegral",
    "MultipoleCycle",
    "MultipoleKernels",
    "NearestInterpolation",
    "edge_features",
]
