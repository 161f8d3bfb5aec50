"""What tests of tensors share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first: one that begins last is waited for by all processes but its own."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def double() -> Iterator[None]:
    """Seeded random numbers, and float64 where no type is given."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def ragged(sources: int, targets: int, edges: int) -> Tensor:
    """Edges sorted by target, with degrees from 0 to many; the last target gets none."""
    target = (torch.rand(edges) ** 2 * (targets - 1)).long()
    return torch.stack([torch.randint(sources, (edges,)), target.sort().values])
