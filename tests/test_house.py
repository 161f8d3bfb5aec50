"""What holds for the tree as a whole."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import gno

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "gno").rglob("*.py"))
ONLY_IN = {
    "meshio": "gno/mesh/formats/",
    "h5py": ("gno/datasets/", "gno/hdf5.py", "gno/bench/layout.py"),  # what measures HDF5 must know it
    "torch_scatter": "gno/ops/",
    "triton": "gno/ops/",
}


@pytest.mark.parametrize("folder", ["datasets", "training"])
def test_the_root_folders_are_no_packages(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    assert not list((ROOT / folder).rglob("__init__.py"))


def test_every_public_name_is_there() -> None:
    assert [name for name in gno.__all__ if getattr(gno, name, None) is None] == []


def test_every_name_in_an_all_is_there_even_after_every_module_is_imported() -> None:
    # a function whose module has its name is hidden by the module once that is imported
    modules = [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in SOURCES]
    loaded = {name: importlib.import_module(name) for name in modules}
    for name, module in loaded.items():
        for public in getattr(module, "__all__", ()):
            value = getattr(module, public)
            assert not isinstance(value, type(sys)) or hasattr(value, "__path__"), f"{name}.{public}"


def test_importing_gno_loads_nothing_heavy_and_changes_no_warning_filter() -> None:
    code = (
        "import sys, warnings; before = list(warnings.filters); import gno; "
        "assert warnings.filters == before; assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_libraries_stay_in_their_room(library: str) -> None:
    def imports(path: Path) -> set[str]:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}

    users = [
        path.relative_to(ROOT).as_posix() for path in SOURCES if library in {n.split(".")[0] for n in imports(path)}
    ]
    assert [user for user in users if not user.startswith(ONLY_IN[library])] == []
