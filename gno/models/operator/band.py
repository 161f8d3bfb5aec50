"""How far the truth may lie from a prediction, by split-conformal calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gno.errors import ConfigError

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Levels that a model file knows, as far as its calibration has samples enough."""
_FINEST = 1000  # quantiles that stand for the nodes of a larger mesh


@dataclass(frozen=True)
class Band:
    r"""Bounds of the error of a field, from samples that were not trained on.

    Of :math:`n + 1` samples that are exchangeable, the last one new, and a point picked in it at random by volume,

    .. math::
        P\big(|u(x) - v(x)| \le w\, s(x)\big) \ge 1 - \alpha, \qquad
        P\big(\|u - v\| \le b\, \|v\|\big) \ge 1 - \alpha,

    with the prediction :math:`v`, its ``scale`` :math:`s` and norms in :math:`L_2`. The chance is that of the
    calibration, the new sample and the point together: on a given mesh the share of the volume inside may be another.

    Source: Vovk et al. 2005; Lei et al. 2018, arXiv 1604.04173; for the points of a sample, which are not exchangeable
    with those of another, Angelopoulos et al. 2024, arXiv 2208.02814, section 2, with the share outside as the loss.

    Args:
        samples: :math:`n`.
        levels: :math:`1 - \alpha`, ascending; those that so few samples allow.
        widths: :math:`w` of each.
        bounds: :math:`b` of each.

    Raises:
        ConfigError: lists of different lengths, or numbers that cannot be.

    Example:
        >>> errors = np.arange(19.0)  # of samples of one point, each
        >>> band = Band.of([e[None] for e in errors], [np.ones(1)] * 19, errors)
        >>> band.levels, band.widths
        ((0.5, 0.8, 0.9, 0.95), (9.0, 15.0, 17.0, 18.0))
    """

    samples: int
    levels: tuple[float, ...]
    widths: tuple[float, ...]
    bounds: tuple[float, ...]

    def __post_init__(self) -> None:
        lists = (self.levels, self.widths, self.bounds)
        ordered = all(list(numbers) == sorted(numbers) and min(numbers, default=0) >= 0 for numbers in lists)
        if len({len(numbers) for numbers in lists}) != 1 or not ordered or not np.isfinite(lists).all():
            raise ConfigError(
                f"a band has levels {self.levels}", why=f"half widths {self.widths}, bounds {self.bounds}"
            )

    @classmethod
    def of(
        cls,
        scores: Sequence[np.ndarray],
        shares: Sequence[np.ndarray],
        errors: Sequence[float] | Float[np.ndarray, " samples"],
    ) -> Band:
        """The band that fits the errors of samples.

        Args:
            scores: of each sample, the errors at its nodes over the scale ``(nodes,)``.
            shares: of each sample, the shares of its nodes in the volume ``(nodes,)``; they sum to 1.
            errors: of each sample, the relative error of the whole field.
        """
        count = len(scores)
        thinned = [_thinned(score, share) for score, share in zip(scores, shares, strict=True)]
        at, weight = (np.concatenate(parts) for parts in zip(*thinned))
        widths = [conformal_quantile(at, weight / (count + 1), level) for level in LEVELS]
        whole = np.asarray(errors, dtype=np.float64)
        bounds = [conformal_quantile(whole, np.full(count, 1 / (count + 1)), level) for level in LEVELS]
        known = [k for k in range(len(LEVELS)) if np.isfinite([widths[k], bounds[k]]).all()]
        return cls(count, *(tuple(float(numbers[k]) for k in known) for numbers in (LEVELS, widths, bounds)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Band:
        """The inverse of ``to_dict``.

        Raises:
            ConfigError: keys or values that do not make a band.
        """
        try:
            return cls(
                int(data["samples"]), *(tuple(map(float, data[name])) for name in ("levels", "widths", "bounds"))
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError("a band of a model cannot be read", why=f"{type(error).__name__}: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """What JSON and a model file can hold."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    def number(self, level: float) -> int:
        """Where a level stands in the lists.

        Args:
            level: one of ``levels``.

        Raises:
            ConfigError: another one.
        """
        if level in self.levels:
            return self.levels.index(level)
        known = ", ".join(f"{known:g}" for known in self.levels) or "none"
        why = f"{self.samples} samples of the calibration give: {known}"
        fix = "take one of these" if level not in LEVELS else f"calibrate with {round(1 / (1 - level)) - 1} samples"
        raise ConfigError(f"no band of level {level:g}", why=why, fix=fix)


def conformal_quantile(
    scores: Float[np.ndarray, " scores"], weights: Float[np.ndarray, " scores"], level: float
) -> float:
    r"""The least score up to which the weights sum to a level.

    .. math::
        \inf \Big\{ q : \sum_{s_i \le q} w_i \ge 1 - \alpha \Big\}

    What the weights lack to 1 is that of the new sample, whose score may be infinite.

    Args:
        scores: of the calibration.
        weights: of them; they sum to :math:`n / (n + 1)` with :math:`n` samples.
        level: :math:`1 - \alpha`.

    Returns:
        infinity where all weights do not reach the level.

    Example:
        >>> conformal_quantile(np.array([3.0, 1.0, 2.0]), np.full(3, 1 / 4), 0.75)
        3.0
        >>> conformal_quantile(np.array([3.0, 1.0, 2.0]), np.full(3, 1 / 4), 0.9)
        inf
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    k = int(np.searchsorted(reached, level * (1 - 1e-12)))  # rounding of the sum is no lack
    return float(scores[order[k]]) if k < len(order) else float("inf")


def _thinned(
    scores: Float[np.ndarray, " nodes"], shares: Float[np.ndarray, " nodes"]
) -> tuple[Float[np.ndarray, " scores"], Float[np.ndarray, " scores"]]:
    """The same distribution in fewer numbers, none of its quantiles smaller."""
    if len(scores) <= _FINEST:
        return scores, shares
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(shares[order])
    wanted = reached[-1] * np.arange(1, _FINEST + 1) / _FINEST
    at = np.searchsorted(reached, wanted * (1 - 1e-12))
    return scores[order[at]], np.full(_FINEST, 1 / _FINEST)
