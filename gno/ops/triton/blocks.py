"""How much of a product one program of the GPU works on."""

from __future__ import annotations

from typing import NamedTuple

_TOTAL = 2**14
"""Numbers summed by one program: 64 registers in each thread of eight warps."""


class Blocks(NamedTuple):
    r"""Sizes of the blocks of a product, powers of 2 that are 16 or more, as the tensor cores want them.

    Args:
        slots: of a row.
        hidden: features of a slot.
        channels: on the other side of the product.
        warps: of 32 threads each.
    """

    slots: int
    hidden: int
    channels: int
    warps: int

    @classmethod
    def fit(cls, slots: int, hidden: int, channels: int) -> Blocks:
        """Blocks for a row: as much of its sum as registers hold, so that its features are made or read once.

        Args:
            slots: of a row.
            hidden: features of a slot.
            channels: on the other side of the product.

        Example:
            >>> Blocks.fit(50, 256, 64)
            Blocks(slots=32, hidden=256, channels=64, warps=8)
            >>> Blocks.fit(7, 6, 3)
            Blocks(slots=16, hidden=16, channels=16, warps=4)
        """
        c = block(channels, 64)
        h = block(hidden, min(256, _TOTAL // c))
        return cls(block(slots, 32), h, c, 8 if h * c >= _TOTAL // 2 else 4)


def block(size: int, most: int) -> int:
    """The least power of 2 from 16 to ``most`` that is not below a size, or ``most``.

    Example:
        >>> block(3, 64), block(33, 64), block(500, 64)
        (16, 64, 64)
    """
    return min(most, max(16, 1 << (size - 1).bit_length()))
