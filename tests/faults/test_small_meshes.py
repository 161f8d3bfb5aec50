"""Meshes and graphs of no nodes to fifty: each works, or is refused in words."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay, QhullError

from gno.errors import GnoError
from gno.fv import Diffusion, Dirichlet
from gno.graph import Hierarchy
from gno.mesh import Mesh, load, quality, save
from gno.models import Operator
from gno.nn import KernelIntegral
from gno.ops import nearest_pairs, radius_pairs

SETTINGS = settings(max_examples=12, deadline=None, derandomize=True)


def delaunay(num: int, seed: int) -> Mesh:
    """Triangles of random points, a fraction of which no cell uses; none where there are too few points."""
    points = np.random.default_rng(seed).random((num, 2))
    try:
        cells = Delaunay(points).simplices.astype(np.int64) if num > 2 else np.zeros((0, 3), dtype=np.int64)
    except QhullError:
        cells = np.zeros((0, 3), dtype=np.int64)
    mesh = Mesh(points, {"triangle": cells[: len(cells) - seed % 2]})
    return mesh.with_data({"permeability": np.full(num, 3.0)})


@given(num=st.integers(0, 50), seed=st.integers(0, 2**16))
@SETTINGS
def test_meshes_of_few_nodes_work_or_are_refused(num: int, seed: int, files: Path) -> None:
    operator = Operator.load(files / "m.safetensors")
    mesh = delaunay(num, seed)
    path = files.parent / "small.vtu"
    for call in (
        lambda: operator.predict(mesh).point_data["u"],
        lambda: quality(mesh),
        lambda: Diffusion(mesh, {"*": Dirichlet(0.0)}).solve(1.0, 1.0).u.numpy(),
        lambda: (save(mesh, path), load(path).points)[1],
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = call()
        except GnoError as error:
            refusal = error
        else:
            assert not isinstance(found, np.ndarray) or np.isfinite(found).all()
            continue
        assert refusal.exit_code in (2, 3, 5)
        assert "\n" not in str(refusal)


@given(num=st.integers(0, 50), edges=st.integers(0, 80), seed=st.integers(0, 2**16))
@SETTINGS
def test_graphs_of_few_nodes_give_finite_numbers(num: int, edges: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    pos, v = torch.rand(num, 2, generator=generator), torch.rand(num, 3, generator=generator)
    some = torch.randint(max(num, 1), (2, edges if num else 0), generator=generator)
    edge_index = some[:, some[1].argsort()]
    layer = KernelIntegral(3, 4, kernel=torch.nn.Linear(2, 5))
    out = layer(v, edge_index, torch.rand(edge_index.shape[1], 2, generator=generator))
    assert out.shape == (num, 4)
    assert bool(torch.isfinite(out).all())
    for pairs in (radius_pairs(pos, pos, 0.3), nearest_pairs(pos, pos, min(3, num)) if num else some):
        assert pairs.numel() == 0 or int(pairs.max()) < num


@given(num=st.integers(0, 50), levels=st.integers(1, 5), seed=st.integers(0, 2**16))
@SETTINGS
def test_hierarchies_of_few_nodes_are_nested_or_refused(num: int, levels: int, seed: int) -> None:
    pos = torch.rand(num, 2, generator=torch.Generator().manual_seed(seed))
    try:
        hierarchy = Hierarchy.build(pos, ratio=3.0, num_levels=levels)
    except GnoError as error:
        refusal = error
    else:
        assert list(hierarchy.num_nodes) == sorted(hierarchy.num_nodes, reverse=True)
        return
    assert refusal.fix or refusal.why
