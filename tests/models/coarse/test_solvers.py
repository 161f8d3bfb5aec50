"""Coarse solvers as parts of networks: their fields, their gradients, warm starts, what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import Diffusion, Dirichlet
from gno.mesh import Mesh, shapes
from gno.models.coarse.conditions import named_conditions
from gno.models.coarse.diffusion import CoarseDiffusion
from gno.models.coarse.incompressible import CoarseIncompressible
from gno.models.coarse.solver import CoarseSolver

CAVITY = {"top": {"noslip": [1.0, 0.0]}, "*": "noslip"}
MESH = shapes.square(0.25, kind="quad")


def solvers() -> dict[str, tuple[CoarseSolver, dict[str, Tensor]]]:
    return {
        "diffusion": (CoarseDiffusion(("permeability", "source")), {
            "permeability": torch.tensor([1.0, 3.0]).double(), "source": torch.tensor([1.0, 2.0]).double(),
        }),
        "field": (CoarseDiffusion(), {"permeability": 1 + torch.rand(2, MESH.num_points, dtype=torch.float64)}),
        "incompressible": (CoarseIncompressible(CAVITY), {"viscosity": torch.tensor([0.1, 0.05]).double()}),
    }  # fmt: skip


def difference(function: Callable[[Tensor], Tensor], at: Tensor, way: Tensor, step: float = 1e-5) -> float:
    return float((function(at + step * way) - function(at - step * way)) / (2 * step))


@pytest.mark.parametrize("name", solvers())
def test_fields_have_the_channels_of_the_outputs_and_samples_do_not_know_of_each_other(name: str) -> None:
    torch.manual_seed(0)
    solver, inputs = solvers()[name]
    both = solver.solve(MESH, inputs)
    channels = sum(spec.components for spec in solver.outputs)
    assert both.values.shape == (2, MESH.num_points, channels)
    assert both.values.dtype == torch.float64
    alone = [solver.solve(MESH, {key: v[i : i + 1] for key, v in inputs.items()}).values[0] for i in range(2)]
    assert (torch.stack(alone) - both.values).abs().max() < 1e-12
    assert (both.values[0] - both.values[1]).abs().max() > 1e-3


@pytest.mark.parametrize("name", solvers())
def test_gradients_in_inputs_and_coordinates_equal_central_differences(name: str) -> None:
    torch.manual_seed(0)
    solver, inputs = solvers()[name]
    weight = torch.randn_like(solver.solve(MESH, inputs).values)
    key, points = next(iter(inputs)), torch.tensor(MESH.points)

    def total(value: Tensor, x: Tensor) -> Tensor:
        return (weight * solver.solve(MESH, inputs | {key: value}, points=x).values).sum()

    value, x = inputs[key].clone().requires_grad_(), points.clone().requires_grad_()
    total(value, x).backward()
    assert value.grad is not None
    assert x.grad is not None
    way, move = torch.randn_like(value), torch.randn_like(points)
    assert float((value.grad * way).sum()) == pytest.approx(
        difference(lambda v: total(v, points), inputs[key], way), rel=1e-6
    )
    assert float((x.grad * move).sum()) == pytest.approx(
        difference(lambda p: total(inputs[key], p), points, move), rel=1e-6
    )


@pytest.mark.parametrize("name", solvers())
def test_a_warm_start_changes_nothing_but_the_time(name: str) -> None:
    torch.manual_seed(0)
    solver, inputs = solvers()[name]
    cold = solver.solve(MESH, inputs)
    assert not cold.state.requires_grad
    warm = solver.solve(MESH, inputs, initial=cold.state)
    assert (warm.values - cold.values).abs().max() < 1e-9


def test_diffusion_is_that_of_the_solver() -> None:
    found = CoarseDiffusion(("source",), {"*": {"dirichlet": 2.0}}).solve(
        MESH, {"source": torch.tensor([3.0]).double()}
    )
    u = Diffusion(MESH, {"*": Dirichlet(2.0)}).solve(1.0, 3.0).u
    assert found.values[0, torch.from_numpy(MESH.boundary_nodes), 0].tolist() == [2.0] * len(MESH.boundary_nodes)
    assert 2.0 < float(u.max()) < float(found.values.max()) < 1.1 * float(u.max())


@pytest.mark.parametrize("name", solvers())
def test_options_make_the_same_solver(name: str) -> None:
    solver, inputs = solvers()[name]
    again: CoarseSolver = type(solver)(**solver.options)
    assert again.options == solver.options
    assert torch.equal(again.solve(MESH, inputs).values, solver.solve(MESH, inputs).values)


@pytest.mark.parametrize(
    ("boundary", "message"),
    [
        ({"*": "no-slip"}, r"patch '\*' has condition 'no-slip'; known: .*did you mean 'noslip'"),
        ({"*": "inlet"}, r"patch '\*' has condition 'inlet'; missing .*'velocity'"),
        ({"*": 3}, r"patch '\*' has condition 3; it is a kind, or a kind with its value"),
    ],
)
def test_conditions_that_cannot_be_are_named(boundary: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        named_conditions(boundary)


def test_missing_inputs_and_unequal_numbers_of_samples_are_named() -> None:
    with pytest.raises(ConfigError, match=r"needs 'viscosity'; it is given: mach"):
        CoarseIncompressible(CAVITY).solve(MESH, {"mach": torch.ones(1)})
    inputs = {"permeability": torch.ones(1), "source": torch.ones(2)}
    with pytest.raises(ConfigError, match=r"inputs of \{'permeability': 1, 'source': 2\} samples"):
        CoarseDiffusion(("permeability", "source")).solve(MESH, inputs)


def test_cells_of_all_kinds_are_solved_on() -> None:
    mixed = Mesh(
        np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [2, 0.5]]),
        {"triangle": np.array([[1, 4, 2]]), "quad": np.array([[0, 1, 2, 3]])},
    )
    assert CoarseDiffusion().solve(mixed, {"permeability": torch.ones(1, 5).double()}).values.shape == (1, 5, 1)
