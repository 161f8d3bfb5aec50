import torch

from gno.bench.agreement import deviations
from gno.bench.layer import FEATURES, WIDTH, Layer


def test_both_rivals_compute_the_same() -> None:
    layer = Layer(12, 5, hidden=8, dtype=torch.float64)
    for ours, theirs in (
        (layer.ours_once(), layer.peer_once()),
        (layer.ours_iterated(3), layer.peer_iterated(3)),
        (layer.ours_iterated(1), layer.peer_once().relu()),
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_layer_leaves_the_random_numbers_of_the_caller_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, second = Layer(4, 2, seed=1), Layer(4, 2, seed=1)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first.attr, second.attr)
    assert not torch.equal(first.attr, Layer(4, 2, seed=2).attr)


def test_multiplications_are_those_of_its_products() -> None:
    nodes, degree, hidden = 10, 4, 8
    layer = Layer(nodes, degree, hidden=hidden)
    edges = nodes * degree
    features = edges * FEATURES * hidden + edges * hidden * hidden
    gathered, applied = edges * hidden * WIDTH, nodes * hidden * WIDTH * WIDTH
    assert layer.multiplications() == features + gathered + applied
    assert layer.multiplications(6) == features + 6 * (gathered + applied)


def test_deviations_are_rounding() -> None:
    for dtype, unit in ((torch.float32, 6e-8), (torch.float64, 1.2e-16)):
        ours, theirs = deviations(20, 6, dtype)
        assert max(ours) < 100 * unit
        assert max(theirs) < 100 * unit
        assert ours.output > 0  # another order of the sums: to agree in every bit would mean that nothing was compared
