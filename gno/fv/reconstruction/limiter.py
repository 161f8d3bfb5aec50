"""A limiter that Newton's method and adjoints can live with: its derivative is continuous."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def smooth_limiter(
    behind: Float[Tensor, "*faces"], ahead: Float[Tensor, "*faces"], flat: float | Float[Tensor, ""]
) -> Float[Tensor, "*faces"]:
    r"""How much of a slope to use: one where a field is smooth, zero where its differences change sign.

    .. math::
        \psi = p_+^2 (3 - 2 p_+), \qquad
        p = \frac{2 \Delta^- \Delta^+ + \epsilon^2}{(\Delta^-)^2 + (\Delta^+)^2 + \epsilon^2}

    With the average of the differences as the slope it keeps a field in one dimension within its bounds, up to
    :math:`\epsilon`: it lies in Sweby's region. One minus :math:`\psi` falls as the fourth power of the edge length,
    so the order of the scheme stays. A limiter with a jump would leave an iteration in a cycle, and a derivative
    without meaning.

    Source: :math:`p` is that of van Albada, van Leer and Roberts 1982, Astron. Astrophys. 108, 76; for the region
    Sweby 1984, SIAM J. Numer. Anal. 21, 995.

    Args:
        behind: difference :math:`\Delta^-` to the value upstream, over the same distance as the other.
        ahead: difference :math:`\Delta^+` of the value downstream.
        flat: :math:`\epsilon > 0`: differences that are small against it are not limited; in the unit of the field.

    Example:
        >>> import torch
        >>> smooth_limiter(torch.tensor([1.0, 3.0, -1.0, 1e-9]), torch.tensor([1.0, 1, 1, -1e-9]), 1e-3).tolist()
        [1.0, 0.6480000019073486, 0.0, 1.0]
    """
    p = ((2 * behind * ahead + flat**2) / (behind**2 + ahead**2 + flat**2)).clamp(min=0)
    return p**2 * (3 - 2 * p)
