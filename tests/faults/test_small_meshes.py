"""Meshes and graphs of no nodes to fifty: each works, or is refused in words."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay, QhullError
from torch import Tensor

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import DataError, GnoError, MeshError
from gno.fv import Diffusion, Dirichlet
from gno.graph import Hierarchy, mesh_graph
from gno.mesh import Mesh, cell_volume, load, quality, save
from gno.models import Operator
from gno.nn import KernelIntegral
from gno.ops import nearest_pairs, radius_pairs, row_pointer, segment_max, segment_mean, segment_sum

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


@pytest.mark.parametrize("suffix", [".su2", ".msh", ".vtu"])
@given(num=st.integers(0, 50), seed=st.integers(0, 2**16))
@SETTINGS
def test_files_of_small_meshes_give_the_same_mesh_or_are_refused(
    suffix: str, num: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mesh, path = delaunay(num, seed).with_data({}), tmp_path_factory.mktemp("small") / f"m{suffix}"
    save(mesh, path)
    if not mesh.num_cells:
        with pytest.raises(MeshError):
            load(path)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cells that were turned
        again = load(path)
    np.testing.assert_array_equal(again.points, mesh.points)
    np.testing.assert_array_equal(np.sort(again.cells["triangle"]), np.sort(mesh.cells["triangle"]))


@given(num=st.integers(0, 50), seed=st.integers(0, 2**16))
@SETTINGS
def test_datasets_of_small_meshes_give_the_same_mesh_or_are_refused(
    num: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mesh, path = delaunay(num, seed), tmp_path_factory.mktemp("small") / "d.h5"
    if not mesh.num_cells:
        with pytest.raises(DataError), DatasetWriter(path, [FieldSpec("permeability")]) as writer:
            writer.append(mesh)
        return
    with DatasetWriter(path, [FieldSpec("permeability")]) as writer:
        writer.append(mesh)
    with MeshDataset(path) as dataset:
        again = dataset[0].mesh
    np.testing.assert_array_equal(again.points, mesh.points)
    np.testing.assert_array_equal(again.cells["triangle"], mesh.cells["triangle"])
    np.testing.assert_array_equal(again.point_data["permeability"], mesh.point_data["permeability"])


@given(num=st.integers(0, 50), seed=st.integers(0, 2**16))
@SETTINGS
def test_graphs_of_small_meshes_are_sorted_and_go_both_ways(num: int, seed: int) -> None:
    mesh = delaunay(num, seed)
    kinds: list[dict[str, Any]] = [{}, {"edges": "dual"}, {"edges": "radius", "radius": 0.3}]
    for options in [*kinds, {"edges": "nearest", "k": 2}]:
        try:
            graph = mesh_graph(mesh, **options)
        except GnoError as error:
            refusal = error
        else:
            source, target = graph.edge_index
            assert graph.edge_index.numel() == 0 or int(graph.edge_index.max()) < graph.num_nodes
            assert bool((target.diff() >= 0).all())
            assert set(zip(source.tolist(), target.tolist())) == set(zip(target.tolist(), source.tolist()))
            assert bool(torch.isfinite(graph.edge_attr).all())
            assert float(graph.node_volume.sum()) == pytest.approx(cell_volume(mesh).sum(), rel=1e-5)
            continue
        assert options.get("k", 0) >= num, refusal
        assert refusal.exit_code == 3


@given(num=st.integers(0, 50), rows=st.integers(0, 80), seed=st.integers(0, 2**16))
@SETTINGS
def test_reductions_onto_few_nodes_are_those_of_a_loop(num: int, rows: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    index = torch.randint(max(num, 1), (rows if num else 0,), generator=generator).sort().values
    values = torch.rand(len(index), 3, generator=generator, dtype=torch.float64)
    for reduce, one in ((segment_sum, Tensor.sum), (segment_mean, Tensor.mean), (segment_max, Tensor.amax)):
        found, own = reduce(values, index, num), [values[index == i] for i in range(num)]
        wanted = [one(part, 0) if len(part) else torch.zeros(3, dtype=torch.float64) for part in own]
        assert found.shape == (num, 3)
        assert num == 0 or bool((found - torch.stack(wanted)).abs().max() < 1e-12)
    pointer = row_pointer(torch.stack([index, index]), num)
    assert pointer.diff().tolist() == torch.bincount(index, minlength=num).tolist()[:num]
