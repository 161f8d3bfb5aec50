"""The outside of an airfoil as the conformal image of the outside of a circle."""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float
from numpy.polynomial.polynomial import polyval
from scipy.interpolate import CubicSpline

from gno.errors import MeshError
from gno.mesh.shapes.airfoil import Airfoil
from gno.mesh.shapes.stretching import bisect

_SAMPLES = 2000
_MODES = 1024
_KEPT = 256
_ROUNDS = 2000
_TOLERANCE = 1e-11


class ConformalMap:
    r"""Map of the outside of the unit circle onto that of an airfoil, the trailing edge at the angle 0.

    The map of Karman and Trefftz takes the corner out,

    .. math::
        \frac{z - z_1}{z - z_2} = \left(\frac{w - z_1 / n}{w - z_2 / n}\right)^n, \quad n = 2 - \tau / \pi

    with :math:`z_1` the trailing edge, :math:`\tau` its angle and :math:`z_2` half a radius behind the leading edge.
    What is left is nearly a circle, :math:`w = c + R(\varphi) e^{i \varphi}`, and Theodorsen's series leads there,

    .. math::
        w = c + \zeta \exp \sum_k a_k \zeta^{-k}, \quad
        \log R(\varphi(\theta)) + i\,(\varphi(\theta) - \theta) = \sum_k a_k e^{-i k \theta}

    whose imaginary part on the circle is the conjugate of the real one: a fixed point, found with the FFT.

    Source: Theodorsen and Garrick 1933, NACA report 452; Vassberg and Jameson 2010, J. Aircraft 47, 1152.

    Args:
        airfoil: one with a sharp trailing edge.

    Raises:
        MeshError: an airfoil too far from a circle for the series.
    """

    def __init__(self, airfoil: Airfoil) -> None:
        self.airfoil = airfoil
        self._power = 2 - airfoil.trailing_angle / np.pi
        tail, nose = complex(*airfoil.trailing_edge), complex(*airfoil.leading_edge)
        self._poles = tail, nose + airfoil.nose_radius / 2 * (tail - nose) / abs(tail - nose)
        u = np.linspace(0, 1, _SAMPLES + 1)
        w = self._unbent(airfoil.at(_fraction(u)) @ [1, 1j])
        self._center = complex((abs(np.diff(w)) * (w[1:] + w[:-1]) / 2).sum() / abs(np.diff(w)).sum())
        phi = np.unwrap(np.angle(w - self._center))
        if not (np.diff(phi) > 0).all():
            raise _far_from_circle(airfoil)
        self._u = CubicSpline(phi, u)
        self._series, self._begin = self._theodorsen(phi, np.log(abs(w - self._center)))

    def __call__(self, rho: Float[np.ndarray, "..."], angle: Float[np.ndarray, "..."]) -> Complex[np.ndarray, "..."]:
        """Points ``x + i y`` outside the airfoil.

        Args:
            rho: logarithm of the radius; 0 on the airfoil. Both arguments are broadcast.
            angle: angle from the trailing edge, counter-clockwise, in radians.
        """
        inverse = np.exp(-rho - 1j * (angle + self._begin))
        w = self._center + np.exp(polyval(inverse, self._series)) / inverse
        (first, second), n = self._poles, self._power
        bent = ((w - first / n) / (w - second / n)) ** n
        return (first - second * bent) / (1 - bent)

    def wall(self, angle: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 2"]:
        """Points of the outline at angles from the trailing edge, 0 to 2 pi."""
        phi = _shifted(angle + self._begin, self._series)
        return self.airfoil.at(_fraction(np.clip(self._u(phi), 0, 1)))

    def _unbent(self, z: Complex[np.ndarray, " n"]) -> Complex[np.ndarray, " n"]:
        """The outline without its corner: Karman and Trefftz, solved for ``w``."""
        (first, second), n = self._poles, self._power
        ratio = (z[1:-1] - first) / (z[1:-1] - second)
        turn = np.unwrap(np.angle(ratio))
        turn -= 2 * np.pi * np.round(turn[np.argmin(abs(z[1:-1] - second))] / (2 * np.pi))
        bent = abs(ratio) ** (1 / n) * np.exp(1j * turn / n)
        w = (first - second * bent) / (1 - bent) / n
        return np.concatenate([[first / n], w, [first / n]])

    def _theodorsen(
        self, phi: Float[np.ndarray, " n"], log_radius: Float[np.ndarray, " n"]
    ) -> tuple[Complex[np.ndarray, " k"], float]:
        """The series, and the angle on the circle at which the trailing edge lies."""
        log_radius[-1] = log_radius[0]
        radius = CubicSpline(phi, log_radius, bc_type="periodic")
        theta = 2 * np.pi * np.arange(_MODES) / _MODES
        shift = np.zeros(_MODES)
        for _ in range(_ROUNDS):
            modes = np.fft.rfft(radius(theta + shift)) / _MODES
            series = np.conj(modes[:-1]) * np.where(np.arange(_MODES // 2) == 0, 1, 2)
            before, shift = shift, np.fft.fft(series, _MODES).imag
            if not abs(shift).max() < np.pi:
                break
            if abs(shift - before).max() < _TOLERANCE:
                return series[:_KEPT], _root(series[:_KEPT], float(phi[0]))
        raise _far_from_circle(self.airfoil)


def _shifted(theta: Float[np.ndarray, " n"], series: Complex[np.ndarray, " k"]) -> Float[np.ndarray, " n"]:
    """The angle in the plane of the near-circle that belongs to one on the circle."""
    return theta + polyval(np.exp(-1j * theta), series).imag


def _root(series: Complex[np.ndarray, " k"], phi: float) -> float:
    """The angle on the circle that belongs to one in the plane of the near-circle."""
    low, high = np.full(1, phi - np.pi), np.full(1, phi + np.pi)
    return float(bisect(lambda theta: _shifted(theta, series) < phi, low, high)[0])


def _fraction(u: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Fractions of the outline, dense at the trailing edge, where the map has a square root."""
    return (1 - np.cos(np.pi * u)) / 2


def _far_from_circle(airfoil: Airfoil) -> MeshError:
    return MeshError(
        f"{airfoil.name} cannot be mapped to a circle",
        why="without the corner of its trailing edge its outline is still too far from round",
        fix="mesh it with airfoil_triangles, or smooth its points",
    )
