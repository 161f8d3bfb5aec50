"""Coefficients of a random medium, from a Gaussian field."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

HIGH = 12.0


def two_phase(phi: Float[np.ndarray, "..."], contrast: float = 4.0) -> Float[np.ndarray, "..."]:
    r"""Two materials: :math:`a = 12` where :math:`\varphi \ge 0`, else 12 over the contrast, in the paper 3.

    Source: Li et al. 2020, arXiv 2003.03485, section 4.

    Args:
        phi: Gaussian field.
        contrast: ratio of the two.

    Example:
        >>> two_phase(np.array([-0.1, 0.0, 0.2])).tolist()
        [3.0, 12.0, 12.0]
    """
    return np.where(phi >= 0, HIGH, HIGH / contrast)


def log_normal(phi: Float[np.ndarray, "..."], scale: float) -> Float[np.ndarray, "..."]:
    r"""A smooth medium: :math:`a = \exp(s \varphi)`.

    Args:
        phi: Gaussian field.
        scale: ``s``; the field N(0, (-Laplace + 9)^-2) has a standard deviation of about 0.1 on the unit square, so
            10 makes log a vary by about 1.

    Example:
        >>> log_normal(np.array([0.0, 0.1]), 10.0).round(3).tolist()
        [1.0, 2.718]
    """
    return np.exp(scale * phi)
