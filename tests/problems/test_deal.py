"""Meshes are dealt to the splits evenly and for good."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gno.errors import ConfigError
from gno.problems.deal import Deal


@settings(max_examples=40, deadline=None)
@given(fraction=st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20), each=st.integers(1, 4))
def test_parts_are_all_samples_in_order(fraction: Fraction, each: int) -> None:
    everything = [Deal(float(fraction), each, "all").mesh(i) for i in range(40)]
    for part in ("train", "test"):
        wanted = [i for i in range(40) if everything[i][1] == part]
        deal = Deal(float(fraction), each, part)  # type: ignore[arg-type]
        assert [deal.index(i) for i in range(len(wanted))] == wanted
        assert [deal.mesh(i) for i in range(len(wanted))] == [everything[i] for i in wanted]


@settings(max_examples=40, deadline=None)
@given(fraction=st.fractions(0, 1, max_denominator=10), blocks=st.integers(1, 5))
def test_the_share_is_exact_after_whole_blocks(fraction: Fraction, blocks: int) -> None:
    meshes = blocks * fraction.denominator
    held = sum(Deal(float(fraction), 1, "all").mesh(i)[1] == "test" for i in range(meshes))
    assert held == blocks * fraction.numerator


def test_samples_of_a_mesh_are_in_one_split() -> None:
    deal = Deal(0.3, 4, "all")
    split = {}
    for i in range(200):
        number, name = deal.mesh(i)
        assert split.setdefault(number, name) == name
    assert len(split) == 50


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((1.5, 1, "all"), "test_fraction is 1.5"),
        ((0.5, 0, "all"), "samples_per_mesh is 0"),
        ((0.0, 1, "test"), "part is 'test'; test_fraction 0 leaves it empty"),
        ((1.0, 1, "train"), "leaves it empty"),
    ],
)
def test_shares_that_cannot_be_are_refused(arguments: tuple, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Deal(*arguments)
