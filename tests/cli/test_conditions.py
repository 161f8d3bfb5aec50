"""What ``--bc`` says of the boundary."""

import pytest
import torch

from gno.cli.conditions import SCALAR, conditions, flow_kinds
from gno.errors import ConfigError
from gno.fv import Dirichlet, Inlet, Neumann, NoSlip, Periodic, PressureOutlet, Robin, Slip
from gno.mesh import shapes

FLOW = flow_kinds(shapes.square(0.5))


def test_conditions_of_a_scalar() -> None:
    assert conditions(None, SCALAR)["*"].value == 0
    words = ["a b=neumann:-2.5", "c=d=dirichlet:1", "hot=robin:10,20", "left=periodic:right", "*=dirichlet"]
    given = conditions(words, SCALAR)
    assert [type(c) for c in given.values()] == [Neumann, Dirichlet, Robin, Periodic, Dirichlet]
    assert given["a b"].flux == -2.5
    assert given["c=d"].value == 1
    assert (given["hot"].transfer, given["hot"].value) == (10, 20)
    assert given["left"].partner == "right"


def test_conditions_of_a_flow() -> None:
    words = ["lid=noslip:1,0", "wall=noslip", "in=inlet:2", "side=velocity:1,0.5", "out=pressure", "top=slip"]
    given = conditions(words, FLOW)
    assert [type(c) for c in given.values()] == [NoSlip, NoSlip, Inlet, Inlet, PressureOutlet, Slip]
    assert given["lid"].velocity == [1, 0]
    assert given["side"].velocity == [1, 0.5]


def test_a_parabola_lies_between_the_ends_of_its_patch() -> None:
    inlet = conditions(["left=parabola:0.3"], FLOW)["left"]
    points = torch.tensor([[0.0, 0.0], [0.0, 0.25], [0.0, 0.5], [0.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(inlet.velocity(points), torch.tensor([0, 0.225, 0.3, 0], dtype=torch.float64))


@pytest.mark.parametrize("word", ["left", "left=", "=dirichlet", "left=wall"])
def test_a_malformed_condition_shows_an_example(word: str) -> None:
    with pytest.raises(ConfigError, match="for example: --bc"):
        conditions([word], SCALAR)


@pytest.mark.parametrize(
    ("word", "takes"),
    [
        ("left=neumann:a", "a number"),
        ("left=neumann:true", "a number"),
        ("left=robin:1", "two numbers"),
        ("left=symmetry:1", "no value"),
        ("left=periodic", "the name of the other patch"),
    ],
)
def test_a_value_of_another_form_is_refused(word: str, takes: str) -> None:
    with pytest.raises(ConfigError, match=takes):
        conditions([word], SCALAR)


def test_a_patch_has_one_condition() -> None:
    with pytest.raises(ConfigError, match="twice"):
        conditions(["left=dirichlet:1", "left=neumann"], SCALAR)
