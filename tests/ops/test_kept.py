import gc
import weakref

import torch

from gno.nn import KernelIntegral
from gno.ops import EdgePlan, edge_plan
from gno.ops.kept import kept_plan


def test_plan_is_made_once_and_goes_with_its_edges() -> None:
    edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
    plan = edge_plan(edge_index, 3, 2)
    assert edge_plan(edge_index, 3, 2) is plan
    assert edge_plan(edge_index, 3, 3) is not plan
    assert edge_plan(edge_index.clone(), 3, 2) is not plan
    watch = weakref.ref(plan)
    del plan, edge_index
    gc.collect()
    assert watch() is None


def test_plan_is_made_anew_once_its_edges_change() -> None:
    edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
    before = edge_plan(edge_index, 3, 2)
    edge_index[1, 2] = 0
    after = edge_plan(edge_index, 3, 2)
    assert after is not before
    assert after.buckets == ((1, 3),)


def test_edges_of_inference_mode_are_planned_each_time() -> None:
    with torch.inference_mode():
        edge_index = torch.tensor([[0, 1], [0, 0]])
        before = kept_plan(edge_index, 2, 1)
        edge_index[0, 1] = 0
        assert kept_plan(edge_index, 2, 1).far.tolist() != before.far.tolist()


def test_layer_plans_its_edges_once(monkeypatch) -> None:
    built = []
    build = EdgePlan.build
    monkeypatch.setattr(EdgePlan, "build", lambda *args, **kwargs: built.append(1) or build(*args, **kwargs))
    layer = KernelIntegral(2, 2, torch.nn.Linear(1, 3))
    edge_index = torch.tensor([[0, 1], [1, 0]])
    for _ in range(3):
        layer(torch.ones(2, 2), edge_index, torch.ones(2, 1))
    assert len(built) == 1
