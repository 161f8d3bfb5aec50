"""What conditions and coefficients are given as, as tensors: a value per point, with its gradients."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Value


def scalars(value: Value, points: Float[Tensor, "n dim"], what: str) -> Float[Tensor, " n"]:
    """A number, array, tensor or function as one value per point.

    Args:
        value: what is given; a function takes the points as a tensor.
        points: where ``(n, dim)``.
        what: how to name it in an error.

    Raises:
        ConfigError: values of the wrong number, or not finite.

    Example:
        >>> scalars(lambda x: x[:, 0] ** 2, torch.tensor([[2.0, 0.0], [3.0, 0.0]]), "the source").tolist()
        [4.0, 9.0]
    """
    values = given(value, points, what)
    if values.shape not in ((), (len(points),)):
        raise ConfigError(
            f"{what} has values of shape {tuple(values.shape)}", why=f"it needs one number, or {len(points)}"
        )
    return values.expand(len(points))


def vectors(
    value: Value, points: Float[Tensor, "n dim"], what: str, along: Float[Tensor, "n dim"] | None = None
) -> Float[Tensor, "n dim"]:
    """A vector, an array or tensor of them, or a function as one vector per point.

    Args:
        value: ``(dim,)``, ``(n, dim)``, a number or ``(n,)`` times the direction ``along``, or a function of the
            points that returns one of these; where ``(dim,)`` and ``(n,)`` are the same it is one vector.
        points: where ``(n, dim)``.
        what: how to name it in an error.
        along: direction for numbers; without it 0 is the only one that can be used.

    Raises:
        ConfigError: values of the wrong shape, or not finite.

    Example:
        >>> vectors(2.0, torch.zeros(1, 2), "the inlet", along=torch.tensor([[1.0, 0.0]])).tolist()
        [[2.0, 0.0]]
    """
    n, dim = points.shape
    values = given(value, points, what)
    if values.shape in ((dim,), (n, dim)):
        return values.expand(n, dim)
    if values.shape in ((), (n,)) and along is not None:
        return values.expand(n)[:, None] * along
    if values.shape == () and not values.detach().any():
        return values.expand(n, dim)
    need = f"one vector of {dim}, or {n} of them" + ("" if along is None else ", or speeds along the normal")
    raise ConfigError(f"{what} has values of shape {tuple(values.shape)}", why=f"it needs {need}")


def given(value: Value, points: Float[Tensor, "n dim"], what: str) -> Tensor:
    """What is given, as a tensor of whatever shape, on the device of the points.

    Args:
        value: number, array, tensor, or function of the points.
        points: where ``(n, dim)``.
        what: how to name it in an error.

    Raises:
        ConfigError: values that are not finite.

    Example:
        >>> given(2.0, torch.zeros(3, 2), "the source")
        tensor(2.)
    """
    raw = value(points) if callable(value) else value
    result = raw if isinstance(raw, Tensor) else torch.tensor(np.asarray(raw, dtype=np.float64))
    result = result.to(device=points.device, dtype=points.dtype)
    _refuse_not_finite(result.detach(), what)
    return result


def _refuse_not_finite(values: Tensor, what: str) -> None:
    bad = ~values.isfinite()
    if bool(bad.any()):
        index = bad.nonzero()[0]
        where = f" in row {int(index[0])}" if len(index) else ""
        raise ConfigError(
            f"{what} has values that are not finite",
            why=f"the first is {float(values[tuple(index)])}{where}",
            fix="look for NaN and division by zero in them",
        )
