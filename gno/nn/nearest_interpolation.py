"""Interpolation from one set of points to another by the nearest ones."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.ops.neighbors import nearest_pairs

_COINCIDES = 1e-16  # squared distance over the largest one of a target's sources below which points are one


class NearestInterpolation(nn.Module):
    r"""Mean over the ``k`` nearest sources, weighted by the inverse of their squared distance.

    .. math::
        u(y) = \frac{\sum_{j \in \mathcal{N}_k(y)} w_j u_j}{\sum_{j \in \mathcal{N}_k(y)} w_j}, \qquad
        w_j = \frac{1}{|y - x_j|^2}

    Gradients go to the values and to both sets of points. At a source the result is its value, and the gradient in the
    position of the target is nought; it jumps where another source becomes the ``k``-th.

    Source: Qi et al. 2017, PointNet++, arXiv 1706.02413, section 3.4; Belbute-Peres et al. 2020, arXiv 2007.04439.

    Args:
        k: sources of each target; all where there are fewer.

    Raises:
        ConfigError: ``k`` below 1.

    Shapes:
        - input: ``values (sources, c)`` or, of several samples, ``(samples, sources, c)``; ``sources (sources, dim)``;
          ``targets (targets, dim)``
        - output: ``(targets, c)``

    Example:
        >>> layer = NearestInterpolation(k=2)
        >>> sources = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]])
        >>> layer(torch.tensor([[1.0], [3.0], [9.0]]), sources, torch.tensor([[0.5, 0.0], [1.0, 0.0]]))
        tensor([[2.],
                [3.]])
    """

    def __init__(self, k: int = 3) -> None:
        super().__init__()
        if k < 1:
            raise ConfigError(f"k is {k}", why="a target needs at least one source")
        self.k = k

    def forward(
        self,
        values: Float[Tensor, "*samples sources c"],
        sources: Float[Tensor, "sources dim"],
        targets: Float[Tensor, "targets dim"],
        batch: Int[Tensor, " targets"] | None = None,
    ) -> Float[Tensor, "targets c"]:
        """Interpolate.

        Args:
            values: at the sources, of one sample or of several.
            sources: where they stand, the same in all samples.
            targets: where values are wanted.
            batch: sample of each target, where there are several.

        Raises:
            DataError: no sources, or several samples without ``batch``.
        """
        if not len(sources):
            raise DataError("there are no sources", why="a target takes its value from the nearest")
        if values.ndim != 2 and batch is None:
            raise DataError(f"values have shape {tuple(values.shape)}", why="batch says of which sample a target is")
        index, weight = self.weights(sources, targets)
        if batch is not None and values.ndim == 3:
            index, values = index + batch[:, None] * len(sources), values.flatten(0, 1)
        return (weight.to(values.dtype)[:, :, None] * values[index]).sum(dim=1)

    def weights(
        self, sources: Float[Tensor, "sources dim"], targets: Float[Tensor, "targets dim"]
    ) -> tuple[Int[Tensor, "targets k"], Float[Tensor, "targets k"]]:
        """Numbers and weights of the sources of each target; the weights of a target sum to one.

        Args:
            sources: where values are.
            targets: where they are wanted.
        """
        k = min(self.k, len(sources))
        index = nearest_pairs(targets, sources, k)[0].view(-1, k)
        square = (targets[:, None] - sources[index]).square().sum(dim=2)
        # A factor common to all weights of a target changes nothing: this one frees them of units.
        largest = square.detach().amax(dim=1, keepdim=True)
        weight = largest / torch.maximum(square, _COINCIDES * largest)
        weight = torch.where(largest > 0, weight, 1.0)
        return index, weight / weight.sum(dim=1, keepdim=True)

    def extra_repr(self) -> str:
        """What is printed of it."""
        return f"k={self.k}"
