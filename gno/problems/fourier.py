"""Functions on the unit circle and the unit torus, by their Fourier coefficients."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import Tensor

from gno.errors import ConfigError

WAVE = 2 * np.pi
"""Wave number of the longest wave."""


class Modes:
    r"""Waves of a real function on ``[0, 1)^dim``, those that count.

    .. math::
        u(x) = \sum_k \hat u_k e^{2 \pi i k \cdot x}

    Coefficients stand as ``torch.fft.rfftn(u, norm="forward")`` has them, so they do not depend on the number of
    points. Of ``n`` points along an axis the waves with :math:`|k| < n / 3` are kept: a product of two such functions
    has them exactly (Orszag 1971, J. Atmos. Sci. 28, 1074).

    Args:
        points: points along each axis.
        dim: 1 or 2.

    Raises:
        ConfigError: fewer than 8 points, or an odd number.

    Example:
        >>> modes = Modes(8, 1)
        >>> modes.mean_square(modes.transform(torch.cos(2 * torch.pi * torch.arange(8) / 8).double()))
        tensor(0.5000, dtype=torch.float64)
    """

    def __init__(self, points: int, dim: int) -> None:
        if points < 8 or points % 2:
            raise ConfigError(f"a spectral grid of {points} points is asked for", why="it needs an even number from 8")
        self.points, self.dim = points, dim
        whole, half = torch.fft.fftfreq(points, 1 / points), torch.fft.rfftfreq(points, 1 / points)
        axes = [whole.double()] * (dim - 1) + [half.double()]
        self.k = torch.stack(torch.meshgrid(*axes, indexing="ij")) * WAVE
        self.square = (self.k**2).sum(dim=0)
        self.kept = (self.k.abs() < WAVE * points / 3).all(dim=0)
        self._twice = torch.where((self.k[-1] > 0) & (self.k[-1] < WAVE * points / 2), 2.0, 1.0)

    def transform(self, values: Float[Tensor, "..."]) -> Complex[Tensor, "..."]:
        """Coefficients of values on the grid, those that are kept."""
        return torch.fft.rfftn(values, dim=self._axes, norm="forward") * self.kept

    def values(self, coefficients: Complex[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Values on the grid."""
        return torch.fft.irfftn(coefficients, s=(self.points,) * self.dim, dim=self._axes, norm="forward")

    def mean_square(self, coefficients: Complex[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Mean of the square of a function."""
        return (self._twice * coefficients.abs() ** 2).sum(dim=self._axes)

    def mean_product(self, a: Complex[Tensor, "..."], b: Complex[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Mean of the product of two functions."""
        return (self._twice * (a * b.conj()).real).sum(dim=self._axes)

    def taken_from(self, coefficients: Complex[Tensor, "..."]) -> Complex[Tensor, "..."]:
        """Coefficients of another number of points as those of this one: waves are cut off, or zeros added.

        Args:
            coefficients: ``(..., n, n / 2 + 1)``, or in one dimension ``(..., n / 2 + 1)``.
        """
        there = 2 * (coefficients.shape[-1] - 1)
        most = min(there, self.points) // 2  # both have the waves below
        found = coefficients.new_zeros((*coefficients.shape[: -self.dim], *self.square.shape))
        for rows in [slice(most), slice(-most + 1, None)] if self.dim == 2 else [...]:
            found[..., rows, :most] = coefficients[..., rows, :most]
        return found * self.kept

    def at(
        self, coefficients: Complex[Tensor, "instants ..."], points: Float[np.ndarray, "nodes dim"]
    ) -> Float[np.ndarray, "instants nodes"]:
        """Values at any points, exactly: the series is summed up.

        Args:
            coefficients: one function a row.
            points: coordinates.
        """
        most = int((self.points - 1) // 3) + 1
        waves = [torch.exp(1j * WAVE * torch.from_numpy(points[:, [d]]) * torch.arange(most)) for d in range(self.dim)]
        twice = torch.where(torch.arange(most) > 0, 2.0, 1.0)
        found = np.empty((len(coefficients), len(points)))
        if self.dim == 1:
            return ((coefficients[:, :most] * twice) @ waves[0].T).real.numpy()
        along_x = torch.cat([waves[0][:, 1:].flip(1).conj(), waves[0]], dim=1)
        for row, c in zip(found, coefficients):
            block = torch.cat([c[-most + 1 :, :most], c[:most, :most]]) * twice
            row[:] = ((along_x @ block) * waves[1]).sum(dim=1).real.numpy()
        return found

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.dim, 0))


def gaussian_coefficients(
    points: int, dim: int, rng: np.random.Generator, *, scale: float, tau: float, power: float
) -> Complex[Tensor, "..."]:
    r"""Coefficients of a Gaussian field :math:`N(0, \sigma (-\Delta + \tau^2)^{-p})` of mean 0 on the circle or torus.

    Args:
        points: as of ``Modes``; the waves with :math:`|k| < n / 3` are drawn.
        dim: 1 or 2.
        rng: source of the random numbers.
        scale: :math:`\sigma`.
        tau: inverse of the correlation length.
        power: ``p``.

    Example:
        >>> c = gaussian_coefficients(64, 1, np.random.default_rng(0), scale=625.0, tau=5.0, power=2.0)
        >>> c.shape, complex(c[0])
        (torch.Size([33]), 0j)
    """
    modes = Modes(points, dim)
    a, b = torch.from_numpy(rng.standard_normal((2, *modes.square.shape)))
    noise = torch.complex(a, -b) / 2**0.5
    if dim == 2:  # of the waves k and -k along the first axis one is the other's conjugate
        noise[points // 2 + 1 :, 0] = noise[1 : points // 2, 0].flip(0).conj()
    spectrum = torch.sqrt(scale * (modes.square + tau**2) ** -power)
    spectrum.view(-1)[0] = 0.0
    return noise * spectrum * modes.kept
