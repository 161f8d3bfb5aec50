"""Graph neural operators for parametric PDEs on meshes.

Importing this package changes nothing in the process and loads neither torch nor PyG: its public names are
imported when they are first used.
"""

from __future__ import annotations

from gno.lazy import lazily

__version__ = "0.1.0"

_PUBLIC = {
    "GnoError": "gno.errors",
    "Mesh": "gno.mesh",
    "load": "gno.mesh",
    "save": "gno.mesh",
    "quality": "gno.mesh",
    "shapes": "gno.mesh",
    "Hierarchy": "gno.graph",
    "KernelIntegral": "gno.nn",
    "GKN": "gno.models",
    "MGKN": "gno.models",
    "Operator": "gno.models",
    "MeshDataset": "gno.datasets",
    "DatasetWriter": "gno.datasets",
    "Recipe": "gno.training",
    "train": "gno.training",
}

__all__ = ["__version__", *_PUBLIC]


__getattr__ = lazily(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return sorted(__all__)
