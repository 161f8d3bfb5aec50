"""The gas far away, and the units in which it is one."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.compressible.gas import Gas, Rows

Number = float | Tensor


class FreeStream(NamedTuple):
    r"""The undisturbed flow, as one row ``(..., 1)``, with density and speed of sound one.

    Args:
        gas: in these units.
        units: density, velocity and pressure of one unit each; the velocity is the same along every axis.
        viscosity: in these units, which take their length from the mesh; nothing of a gas without friction.
    """

    gas: Gas
    units: Gas
    viscosity: Rows | None = None

    @classmethod
    def of(
        cls,
        mach: Number,
        alpha: Number,
        density: Number,
        pressure: Number | None,
        *,
        dim: int,
        heat_ratio: float,
        reynolds: Number | None = None,
        length: float = 1.0,
    ) -> FreeStream:
        r"""The free stream of a Mach number.

        Args:
            mach: number, or ``(samples,)``; so are the next three.
            alpha: angle in degrees, from x to y.
            density: in the unit of the user.
            pressure: so as well; without it the speed of sound is one.
            dim: of the space.
            heat_ratio: :math:`\gamma`.
            reynolds: :math:`\rho |v| L / \mu`, as the first four.
            length: L.

        Raises:
            ConfigError: a number that is not finite, not positive where it has to be, or of another shape.

        Example:
            >>> stream = FreeStream.of(0.5, 90.0, 1.2, 1e5, dim=2, heat_ratio=1.4)
            >>> stream.gas.velocity.round(decimals=6).tolist(), round(stream.units.velocity[0, 0].item())
            ([[0.0, 0.5]], 342)
        """
        given = {"mach": mach, "alpha": alpha, "density": density}
        given |= {} if pressure is None else {"pressure": pressure}
        given |= {} if reynolds is None else {"reynolds": reynolds}
        numbers = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in given.items()}
        for name, number in numbers.items():
            _check(name, number)
        try:
            wide = dict(zip(numbers, torch.broadcast_tensors(*numbers.values())))
        except RuntimeError as error:
            shapes = ", ".join(f"{name} {tuple(number.shape)}" for name, number in numbers.items())
            raise ConfigError(f"numbers of samples differ: {shapes}", why="they are numbers, or (samples,)") from error
        m, angle, rho = (wide[name][..., None] for name in ("mach", "alpha", "density"))
        p = wide["pressure"][..., None] if pressure is not None else rho / heat_ratio
        angle, none = angle * (math.pi / 180), torch.zeros_like(m)
        velocity = torch.stack([m * angle.cos(), m * angle.sin(), *[none] * (dim - 2)], -1)
        one, sound = torch.ones_like(m), (heat_ratio * p / rho).sqrt()
        units = Gas(rho, sound[..., None].expand_as(velocity), heat_ratio * p)
        viscosity = None if reynolds is None else m * length / wide["reynolds"][..., None]
        return cls(Gas(one, velocity, one / heat_ratio), units, viscosity)

    @classmethod
    def at_rest(cls, *, dim: int, heat_ratio: float) -> FreeStream:
        r"""Gas that rests, with density and speed of sound one in the unit of the user, too.

        Args:
            dim: of the space.
            heat_ratio: :math:`\gamma`.
        """
        stream = cls.of(1.0, 0.0, 1.0, None, dim=dim, heat_ratio=heat_ratio)
        return stream._replace(gas=stream.gas._replace(velocity=torch.zeros_like(stream.gas.velocity)))

    @classmethod
    def behind(cls, stream: Gas, heat_ratio: float, viscosity: Rows | None = None) -> FreeStream:
        r"""That of an undisturbed flow ``(..., 1)`` in the unit of the user.

        Args:
            stream: the undisturbed flow.
            heat_ratio: :math:`\gamma`.
            viscosity: so as well.
        """
        sound = stream.sound_speed(heat_ratio)[..., None].expand_as(stream.velocity)
        units = Gas(stream.density, sound, heat_ratio * stream.pressure)
        own = None if viscosity is None else viscosity / (units.density * sound[..., 0])
        return cls(Gas(*(t / one for t, one in zip(stream, units))), units, own)

    @property
    def own_viscosity(self) -> Rows | None:
        """The viscosity in the unit of the user."""
        return None if self.viscosity is None else self.viscosity * self.units.density * self.units.velocity[..., 0]


def _check(name: str, number: Tensor) -> None:
    value = number.detach()
    if value.ndim > 1:
        raise ConfigError(f"{name} has shape {tuple(value.shape)}", why="it is a number, or (samples,)")
    bad = ~value.isfinite() if name == "alpha" else ~(value.isfinite() & (value > 0))
    if bool(bad.any()):
        need = "a finite angle in degrees" if name == "alpha" else "larger than 0"
        raise ConfigError(f"{name} is {float(value[bad].reshape(-1)[0]):.4g}", why=f"it has to be {need}")
