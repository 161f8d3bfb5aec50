"""Parts of about as many nodes, and few edges between them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.errors import ConfigError, DataError
from gno.graph import Hierarchy, mesh_edges, multilevel_graph
from gno.graph.halo import part_of
from gno.graph.parts import partition
from gno.mesh import shapes


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_bisection_deals_evenly_in_compact_parts(parts: int) -> None:
    mesh = shapes.square(0.04, seed=0)
    owner = partition(mesh.points, parts, method="bisection")
    sizes = np.bincount(owner, minlength=parts)
    assert sizes.max() - sizes.min() <= parts
    source, target = mesh_edges(mesh).numpy()
    cut = (owner[source] != owner[target]).mean()
    assert cut < 4 * (parts - 1) * np.sqrt(mesh.num_points) / len(source) * 2 + 1e-12


def test_metis_cuts_no_more_than_bisection() -> None:
    pytest.importorskip("pymetis")
    mesh = shapes.square_with_holes(0.04, seed=0)
    edges = mesh_edges(mesh)
    owners = [partition(mesh.points, 4, edges=edges, method=method) for method in ("metis", "bisection")]
    cuts = [(owner[edges[0]] != owner[edges[1]]).sum() for owner in owners]
    assert cuts[0] <= cuts[1]
    assert np.bincount(owners[0]).max() < 1.05 * mesh.num_points / 4


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros((3, 2))
    with pytest.raises(ConfigError, match="0 parts"):
        partition(x, 0)
    with pytest.raises(ConfigError, match="'grid' is unknown"):
        partition(x, 2, method="grid")
    with pytest.raises(ConfigError, match="METIS without edges"):
        partition(x, 2, method="metis")


def test_a_part_has_its_nodes_once_and_all_edges_that_end_at_them() -> None:
    x = torch.rand(80, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    graph = multilevel_graph(x, Hierarchy.build(x, spacing=(0.2, 0.4)), u=torch.arange(80.0))
    owner = torch.from_numpy(partition(x.numpy(), 3, method="bisection"))
    parts = [part_of(graph, owner, rank, 3) for rank in range(3)]
    assert sorted(torch.cat([part.own for part in parts]).tolist()) == list(range(80))
    for key in ("intra_0", "intra_1", "intra_2", "restrict_0", "restrict_1", "prolong_0", "prolong_1"):
        assert sum(part[key].shape[1] for part in parts) == graph[key].shape[1]
    for part in parts:
        assert torch.equal(part.u[: len(part.own)], part.own.double().float())
        for level in range(3):  # the positions say which nodes these are
            ends = part.pos[part[f"nodes_{level}"]]
            length = (ends[part[f"intra_{level}"][0]] - ends[part[f"intra_{level}"][1]]).norm(dim=1)
            assert float(length.max()) <= (0.5, 0.5, 1.0)[level] * 1.0001
        assert all(sum(halo.sent) == len(halo.send) for halo in part.halo)
    for level in range(3):
        sent = torch.tensor([part.halo[level].sent for part in parts])
        assert torch.equal(sent.T, torch.tensor([part.halo[level].received for part in parts]))
    with pytest.raises(DataError, match="owners of shape"):
        part_of(graph, owner[1:], 0, 3)
