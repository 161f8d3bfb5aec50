"""All networks: batches, renumbering, translation, tied weights, options."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data

from gno.errors import ConfigError, DataError
from gno.graph import Hierarchy, MultilevelData, multilevel_graph, nearest_edges
from gno.mesh import shapes
from gno.models import (
    CFDGCN,
    GCN,
    GKN,
    MGKN,
    MODELS,
    MeshGraphNet,
    MultipoleOperator,
    SolverCorrector,
    StepCorrector,
    Transolver,
)
from gno.models.hybrids.mesh_table import mesh_table
from gno.models.networks.registry import make

RADIUS = (0.25, 0.6, 1.2)


pytestmark = pytest.mark.usefixtures("double")


def graph(num: int = 60, seed: int = 0, levels: int = 3) -> MultilevelData:
    draw = torch.Generator().manual_seed(seed)
    pos = torch.rand(num, 2, generator=draw)
    hierarchy = Hierarchy.build(pos, spacing=(0.25, 0.5)[: levels - 1], radius=RADIUS[:levels])
    volume = 0.5 + torch.rand(num, generator=draw)
    one = multilevel_graph(pos, hierarchy, x=torch.randn(num, 2, generator=draw), node_volume=volume)
    one.edge_index = nearest_edges(pos, 4)
    for name in ("base", "unit", "prolonged", "rest", "change"):
        one[name] = torch.randn(num, 3, generator=draw)
    one.params = 1 + torch.rand(1, 1, generator=draw)
    return one


def hybrid() -> CFDGCN:
    output = {"name": "u", "normalizer": {"mean": [0.05], "std": [0.02]}}
    coarse = {
        "solver": {"name": "diffusion"}, "mesh": mesh_table(shapes.square(0.5)), "columns": [0], "outputs": [output]
    }  # fmt: skip
    return CFDGCN(2, 3, coarse=coarse, width=8, depth=3, merged=1)


def corrector() -> SolverCorrector:
    network = SolverCorrector(2, 3, radius=RADIUS, options={"width": 8}, kernel={"width": 6})
    nn.init.ones_(network.gain)
    return network


def step_corrector() -> StepCorrector:
    network = StepCorrector(2, 3, radius=RADIUS, options={"width": 8}, kernel={"width": 6})
    last = network.operator.project.layers[-1]  # type: ignore[union-attr]
    nn.init.normal_(last.weight)
    return network


def networks() -> list[nn.Module]:
    kernel = {"width": 6, "aggregation": "quadrature"}
    return [
        MGKN(2, 3, radius=RADIUS, width=8, kernel={"width": 6}),
        MGKN(2, 3, radius=RADIUS, width=8, kernel=kernel, shared=False),
        MGKN(2, 3, radius=RADIUS, width=8, kernel={"width": 6, "geometry": "both"}, block="mgkn"),
        GKN(2, 3, radius=RADIUS[:1], width=8, kernel=kernel),
        GKN(2, 3, radius=RADIUS[:1], width=8, kernel={"width": 6}, shared=False, block="gkn"),
        MeshGraphNet(2, 3, radius=RADIUS[:1], width=8, depth=3, kernel={"width": 6, "aggregation": "sum"}),
        MeshGraphNet(2, 3, radius=RADIUS[:1], width=8, depth=2, edges="radius", kernel=kernel),
        corrector(),
        GCN(2, 3, width=8, depth=3),
        hybrid(),
        GCN(2, 3, width=8, depth=2, edges="radius"),
        MultipoleOperator(2, 3, radius=RADIUS, width=8, heads=2, slices=4, kernel={"width": 6}),
        MultipoleOperator(2, 3, radius=RADIUS[:1], width=8, cycles=2, slices=4, kernel={"width": 6}),
        Transolver(2, 3, width=8, depth=2, heads=2, slices=4),
        step_corrector(),
    ]


def levels_of(network: nn.Module) -> int:
    return len(network.arguments.get("radius", (1.0,)))


@pytest.mark.parametrize("number", range(15))
def test_a_batch_of_graphs_equals_each_alone(number: int) -> None:
    network = networks()[number]
    graphs = [graph(num, seed=num, levels=levels_of(network)) for num in (60, 35)]
    together = network(Batch.from_data_list(graphs))
    alone = torch.cat([network(g) for g in graphs])
    assert together.shape == (95, 3)
    assert (together - alone).abs().max() < 1e-12


def renumbered(one: MultilevelData, number: torch.Tensor) -> MultilevelData:
    """The same graph with node ``i`` called ``number[i]``; levels keep their own numbering."""
    other = one.clone()
    for key in ("x", "pos", "node_volume", "base", "unit", "prolonged", "rest", "change"):
        other[key] = torch.empty_like(one[key])
        other[key][number] = one[key]
    # Level 0 is numbered as the nodes are; the numbers of the coarser levels' nodes change with them.
    for level in range(1, one.num_levels):
        other[f"nodes_{level}"] = number[one[f"nodes_{level}"]]
    other.volume_0 = torch.empty_like(one.volume_0)
    other.volume_0[number] = one.volume_0
    other.intra_0, other.edge_index = number[one.intra_0], number[one.edge_index]
    if one.num_levels > 1:
        other.restrict_0 = torch.stack([number[one.restrict_0[0]], one.restrict_0[1]])
        other.prolong_0 = torch.stack([one.prolong_0[0], number[one.prolong_0[1]]])
    return other


@pytest.mark.parametrize("number", range(15))
def test_renumbering_the_nodes_renumbers_the_result(number: int) -> None:
    network = networks()[number]
    one, order = graph(levels=levels_of(network)), torch.randperm(60)
    assert (network(renumbered(one, order))[order] - network(one)).abs().max() < 1e-12


def test_relative_features_make_a_network_blind_to_translation_and_absolute_ones_do_not() -> None:
    one = graph()
    other = one.clone()
    other.pos = one.pos + torch.tensor([5.0, -3.0])
    relative, absolute = networks()[0], networks()[2]
    assert (relative(one) - relative(other)).abs().max() < 1e-12
    assert (absolute(one) - absolute(other)).abs().max() > 1e-3


def test_every_node_feels_every_other_one_on_the_levels() -> None:
    one, network = graph(), networks()[0]
    one.x.requires_grad_()
    network(one)[0].sum().backward()
    assert (one.x.grad.abs().sum(dim=1) > 0).all()


def test_every_parameter_is_used() -> None:
    for network in networks():
        network(graph(levels=levels_of(network))).square().sum().backward()
        unused = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        # Nothing leaves the coarser levels after the last cycle but what was prolonged before.
        assert unused == []


def test_tied_weights_serve_all_cycles() -> None:
    few, many = (MGKN(2, 1, radius=RADIUS, width=8, cycles=n) for n in (1, 4))
    assert sum(p.numel() for p in few.parameters()) == sum(p.numel() for p in many.parameters())
    many.load_state_dict(few.state_dict())
    assert (few(graph()) - many(graph())).abs().max() > 1e-6


def test_the_result_depends_on_the_function_and_not_on_how_densely_it_is_sampled() -> None:
    """Same levels and radii, four times the nodes: the untrained operator's output stays nearly the same."""
    network = MGKN(1, 1, radius=(0.3, 0.6, 1.2), width=8, cycles=1, kernel={"aggregation": "quadrature"})
    fields = []
    for n in (12, 24):
        axis = (torch.arange(n) + 0.5) / n
        pos = torch.cartesian_prod(axis, axis)
        hierarchy = Hierarchy.build(pos, spacing=(0.25, 0.5), radius=(0.3, 0.6, 1.2))
        # The coarse nodes are those nearest to the same places on both samplings.
        x = torch.sin(3 * pos[:, :1]) * pos[:, 1:]
        out = network(multilevel_graph(pos, hierarchy, x=x)).detach().view(n, n)
        fields.append(out if n == 12 else out.view(12, 2, 12, 2).mean(dim=(1, 3)))
    assert (fields[0] - fields[1]).norm() < 0.03 * (fields[0] - fields[0].mean()).norm()


@pytest.mark.parametrize("name", [name for name in MODELS if name != "LearnedUpscaling"])  # its graph is of cells
def test_arguments_make_the_same_network(name: str) -> None:
    network = next(n for n in networks() if type(n).__name__ == name)
    again = make(name.lower(), network.arguments, MODELS)
    again.load_state_dict(network.state_dict())
    one = graph(levels=levels_of(network))
    assert torch.equal(network(one), again(one))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cycles": 0}, "cycles is 0"),
        ({"radius": ()}, "positive"),
        ({"radius": (0.1, -1.0)}, "positive"),
        ({"kernel": {"depth": 2}}, "'depth' is unknown"),
        ({"block": "dense"}, "'dense' is unknown"),
        ({"speed": 2}, "speed"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make("mgkn", {"in_channels": 1, "out_channels": 1, "radius": (0.1, 0.3), **options})


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown.*did you mean 'MGKN'"):
        make("mgkm", {})
    with pytest.raises(ConfigError, match="GKN has 2 radii"):
        GKN(1, 1, radius=(0.1, 0.2))
    with pytest.raises(ConfigError, match="has one level"):
        MeshGraphNet(1, 1, radius=(0.1, 0.2))
    with pytest.raises(ConfigError, match="edges 'dual' are unknown; known: mesh, radius"):
        MeshGraphNet(1, 1, radius=(0.1,), edges="dual")
    with pytest.raises(DataError, match="no edge_index; the network passes messages along the edges of the mesh"):
        MeshGraphNet(2, 1, radius=(0.1,))(MultilevelData(x=torch.zeros(3, 2), pos=torch.zeros(3, 2)))
    with pytest.raises(DataError, match="2 levels; the network has radii for 3"):
        networks()[0](graph(levels=2))
    with pytest.raises(DataError, match="of type Data; the network wants one with levels"):
        networks()[0](Data(x=torch.zeros(3, 2)))
    with pytest.raises(DataError, match="2 channels; the network takes 5"):
        MGKN(5, 1, radius=RADIUS)(graph())
