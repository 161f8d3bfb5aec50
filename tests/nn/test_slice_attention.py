"""SliceAttention: the formula written out, what a node weighs, graphs side by side."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.nn import Packing, SliceAttention

pytestmark = pytest.mark.usefixtures("double")


def written_out(layer: SliceAttention, v: Tensor, q: Tensor) -> Tensor:
    """The equations of the docstring, head by head, node by node and slice by slice."""
    c = layer.width // layer.heads
    place, value = layer.place(v), layer.value(v)
    heads = []
    for h in range(layer.heads):
        part = slice(h * c, (h + 1) * c)
        w = torch.stack([torch.softmax(layer.slice(x) / layer.temperature[h, 0, 0], dim=0) for x in place[:, part]])
        z = torch.stack(
            [
                sum(q[i] * w[i, m] * value[i, part] for i in range(len(v))) / sum(q[i] * w[i, m] for i in range(len(v)))
                for m in range(w.shape[1])
            ]
        )
        scores = layer.query(z) @ layer.key(z).T / c**0.5
        heads.append(w @ (torch.softmax(scores, dim=1) @ layer.content(z)))
    return layer.out(torch.cat(heads, dim=1))


def test_equals_its_equations_written_out() -> None:
    layer, v, q = SliceAttention(6, heads=2, slices=3), torch.randn(7, 6), torch.rand(7)
    torch.testing.assert_close(layer(v, q), written_out(layer, v, q), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(layer(v), written_out(layer, v, torch.ones(7)), rtol=1e-12, atol=1e-13)


def test_a_node_cut_into_parts_of_its_volume_changes_nothing_elsewhere() -> None:
    layer, v, q = SliceAttention(6, heads=2, slices=3), torch.randn(7, 6), torch.rand(7)
    cut = torch.cat([0.25 * q[:1], q[1:], 0.75 * q[:1]])
    fine = layer(torch.cat([v, v[:1]]), cut)
    torch.testing.assert_close(fine[:7], layer(v, q), rtol=1e-12, atol=1e-13)
    without = layer(torch.cat([v, v[:1]])) - torch.cat([layer(v), layer(v)[:1]])
    assert without.abs().max() > 1e-4  # where nodes count alike, a denser mesh is another field


@pytest.mark.parametrize("sizes", [(5, 5), (7, 3, 1), (4,)])
def test_graphs_of_a_batch_do_not_see_each_other(sizes: tuple[int, ...]) -> None:
    layer, num = SliceAttention(4, heads=1, slices=3), sum(sizes)
    v, q = torch.randn(num, 4), torch.rand(num)
    packing = Packing.of(torch.tensor([0, *sizes]).cumsum(0))
    alone = [layer(a, b) for a, b in zip(v.split(sizes), q.split(sizes))]
    torch.testing.assert_close(layer(v, q, packing), torch.cat(alone), rtol=1e-12, atol=1e-13)


def test_gradients_agree_with_finite_differences() -> None:
    layer, packing = SliceAttention(4, heads=2, slices=3), Packing.of(torch.tensor([0, 3, 5]))
    v, q = torch.randn(5, 4, requires_grad=True), torch.rand(5).requires_grad_()
    assert torch.autograd.gradcheck(lambda v, q: layer(v, q, packing), (v, q))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="heads divide the width"):
        SliceAttention(6, heads=4)
    with pytest.raises(DataError, match="v has 5 channels; the layer takes 6"):
        SliceAttention(6, heads=2)(torch.zeros(3, 5))
