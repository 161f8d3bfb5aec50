"""How much of a product one program of the GPU works on."""

from __future__ import annotations

from typing import NamedTuple


class Blocks(NamedTuple):
    r"""Sizes of the blocks of a product, powers of 2 that are 16 or more, as the tensor cores want them.

    Args:
        slots: of a row.
        hidden: features of a slot.
        channels: on the other side of the product.
        inner: features between two layers.
        warps: of 32 threads each.
    """

    slots: int
    hidden: int
    channels: int
    inner: int
    warps: int

    @classmethod
    def fit(cls, slots: int, hidden: int, channels: int, *, tensor_cores: bool) -> Blocks:
        """Blocks for a row: as much of its sum as registers hold, so that its features are seldom made again.

        The sum takes 64 registers of each thread of eight warps where tensor cores multiply. Without them a thread
        holds its part of the factors, too: half the sum, and few slots at a time. The compiler's report for compute
        capability 9.0 decided: the next larger blocks spill registers by the kilobyte.

        Args:
            slots: of a row.
            hidden: features of a slot.
            channels: on the other side of the product.
            tensor_cores: whether they multiply.

        Example:
            >>> Blocks.fit(50, 256, 64, tensor_cores=True)
            Blocks(slots=64, hidden=256, channels=64, inner=32, warps=8)
            >>> Blocks.fit(50, 1024, 3, tensor_cores=False)
            Blocks(slots=16, hidden=256, channels=16, inner=16, warps=4)
        """
        most, total, inner = (64, 2**14, 32) if tensor_cores else (16, 2**13, 16)
        c = block(channels, 64)
        h = block(hidden, min(256, total // c))
        s = block(slots, most)
        return cls(s, h, c, inner, 8 if h * max(s, c) >= 2**13 else 4)


def block(size: int, most: int) -> int:
    """The least power of 2 from 16 to ``most`` that is not below a size, or ``most``.

    Example:
        >>> block(3, 64), block(33, 64), block(500, 64)
        (16, 64, 64)
    """
    return min(most, max(16, 1 << (size - 1).bit_length()))
