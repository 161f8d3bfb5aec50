"""Means over samples and fields."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gno.datasets import MeshDataset
from gno.models import Operator
from gno.training.batches import Graphs
from gno.training.gradient import SimplexGradient
from gno.training.validation import Validation, field_errors, mean_errors


def test_batches_change_nothing(small_data: Path) -> None:
    torch.manual_seed(0)
    with MeshDataset(small_data, "train") as dataset:
        operator = Operator.from_dataset(dataset, "mgkn", width=4, geometry={"levels": 2}).double()
        graphs = Graphs(dataset, operator.graph)
        one, four = (Validation(graphs, batch_size=size).errors(operator) for size in (1, 4))
        assert one == pytest.approx(four, rel=1e-10)
        errors = []
        for sample in dataset:
            graph, gradient = operator.graph(sample.mesh), SimplexGradient.of(sample.mesh, torch.float64)
            with torch.no_grad():
                fields = operator.fields(operator(graph)), operator.fields(graph.y)
            errors.append(field_errors(*fields, graph.node_volume, gradient))
        assert mean_errors(errors) == pytest.approx(one, rel=1e-10)
    assert operator.training


def test_each_of_several_fields_has_its_own_errors() -> None:
    samples = [{"u": {"relative_l2": u}, "p": {"relative_l2": p}} for u, p in ((0.1, 0.5), (0.3, 0.7))]
    expected = {"relative_l2": 0.4, "relative_l2_u": 0.2, "relative_l2_p": 0.6}
    assert mean_errors(samples) == pytest.approx(expected)
