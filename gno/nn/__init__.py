"""Layers of neural operators: kernel integrals, the multipole V-cycle, and what they are made of."""

from __future__ import annotations

from gno.nn.cell_guard import CellGuard
from gno.nn.edge_features import edge_features
from gno.nn.graph_convolution import GraphConvolution, GraphConvolutions
from gno.nn.graph_net_block import GraphNetBlock
from gno.nn.kernel_integral import KernelIntegral
from gno.nn.level_message import LevelMessage, MessageEdges
from gno.nn.mlp import MLP
from gno.nn.multipole import MultipoleCycle, MultipoleKernels
from gno.nn.nearest_interpolation import NearestInterpolation
from gno.nn.packing import Packing
from gno.nn.slice_attention import SliceAttention

__all__ = [
    "MLP",
    "CellGuard",
    "GraphConvolution",
    "GraphConvolutions",
    "GraphNetBlock",
    "KernelIntegral",
    "LevelMessage",
    "MessageEdges",
    "MultipoleCycle",
    "MultipoleKernels",
    "NearestInterpolation",
    "Packing",
    "SliceAttention",
    "edge_features",
]
