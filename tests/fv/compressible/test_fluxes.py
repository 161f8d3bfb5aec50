"""Fluxes of a gas between two states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.fv.compressible.gas import Gas
from gno.fv.compressible.hllc import hllc
from gno.fv.compressible.roe import ACOUSTIC, LINEAR, roe, roe_mean

GAMMA = 1.4
FLUXES = {"roe": roe, "hllc": hllc}
Flux = Callable[[Gas, Gas, Tensor, float], Tensor]


def random_gas(rows: int, dim: int, seed: int) -> Gas:
    rng = torch.Generator().manual_seed(seed)
    density, pressure = (0.5 + torch.rand(rows, generator=rng, dtype=torch.float64) for _ in range(2))
    return Gas(density, torch.randn(rows, dim, generator=rng, dtype=torch.float64), pressure)


def random_area(rows: int, dim: int) -> Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


@pytest.mark.parametrize("dim", [2, 3])
def test_conserved_and_measured_say_the_same(dim: int) -> None:
    gas = random_gas(20, dim, 0)
    again = Gas.of(gas.conserved(GAMMA), GAMMA)
    assert all(torch.allclose(a, b, atol=1e-14) for a, b in zip(gas, again))


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("flux", FLUXES.values(), ids=FLUXES)
def test_between_equal_states_the_flux_is_that_of_the_gas(flux: Flux, dim: int) -> None:
    gas, area = random_gas(20, dim, 1), random_area(20, dim)
    assert torch.allclose(flux(gas, gas, area, GAMMA), gas.flux(area, GAMMA), atol=1e-13)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("flux", FLUXES.values(), ids=FLUXES)
def test_what_leaves_one_side_enters_the_other(flux: Flux, dim: int) -> None:
    left, right, area = random_gas(20, dim, 1), random_gas(20, dim, 2), random_area(20, dim)
    assert torch.allclose(flux(left, right, area, GAMMA), -flux(right, left, -area, GAMMA), atol=1e-12)


@pytest.mark.parametrize("flux", FLUXES.values(), ids=FLUXES)
def test_fluxes_turn_with_the_space(flux: Flux) -> None:
    left, right, area = random_gas(20, 3, 1), random_gas(20, 3, 2), random_area(20, 3)
    turn = torch.linalg.qr(random_area(3, 3)).Q
    first = flux(left, right, area, GAMMA)
    turned = flux(
        left._replace(velocity=left.velocity @ turn), right._replace(velocity=right.velocity @ turn), area @ turn, GAMMA
    )
    expected = torch.cat([first[:, :1], first[:, 1:4] @ turn, first[:, 4:]], 1)
    assert torch.allclose(turned, expected, atol=1e-12)


@pytest.mark.parametrize("flux", FLUXES.values(), ids=FLUXES)
def test_faster_than_sound_the_flux_is_that_of_upstream(flux: Flux) -> None:
    left, right, area = random_gas(20, 2, 1), random_gas(20, 2, 2), random_area(20, 2)
    fast = 20 * area / area.norm(dim=1, keepdim=True)
    left, right = left._replace(velocity=fast), right._replace(velocity=fast + 0.1)
    upstream = left.flux(area, GAMMA)
    assert float(((flux(left, right, area, GAMMA) - upstream).abs() / upstream.abs().max()).max()) < 1e-3


def test_roe_is_the_size_of_the_jacobian_at_roes_mean_times_the_jump() -> None:
    left, right, area = random_gas(8, 2, 1), random_gas(8, 2, 2), random_area(8, 2)
    velocity, enthalpy, density = roe_mean(left, right, GAMMA)
    sound2 = (GAMMA - 1) * (enthalpy - (velocity**2).sum(1) / 2)
    mean = Gas(density, velocity, density * sound2 / GAMMA).conserved(GAMMA)
    jump = right.conserved(GAMMA) - left.conserved(GAMMA)
    central = (left.flux(area, GAMMA) + right.flux(area, GAMMA)) / 2
    found = roe(left, right, area, GAMMA)
    for row in range(8):
        size, sound = float(area[row].norm()), float(sound2[row].sqrt())
        normal = (area[row] / size)[None]
        jacobian = torch.func.jacrev(lambda u, n: Gas.of(u[None], GAMMA).flux(n, GAMMA)[0])(mean[row], normal).numpy()
        # three different speeds, so the size of the matrix is a polynomial of second degree in it
        speed = float(velocity[row] @ normal[0])
        speeds, rounding = speed + sound * np.array([-1, 0, 1]), sound * np.array([ACOUSTIC, LINEAR, ACOUSTIC])
        sizes, one = np.sqrt(speeds**2 + rounding**2), np.eye(4)
        across = np.zeros(4)
        for k in range(3):
            i, j = (other for other in range(3) if other != k)
            part = (jacobian - speeds[i] * one) @ (jacobian - speeds[j] * one) @ jump[row].numpy()
            across += sizes[k] * part / ((speeds[k] - speeds[i]) * (speeds[k] - speeds[j]))
        assert np.allclose(found[row].numpy(), central[row].numpy() - size / 2 * across, atol=1e-10)


def test_hllc_keeps_a_contact_at_rest_but_for_its_rounding() -> None:
    area = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    left, right = Gas(one, torch.zeros(1, 2).double(), one), Gas(3 * one, torch.zeros(1, 2).double(), one)
    flux = hllc(left, right, area, GAMMA)
    assert float((flux[:, 1] - 2).abs().max()) < 1e-12  # no force but that of the pressure
    assert float(flux[:, 0].abs()) < 0.05 * 2
