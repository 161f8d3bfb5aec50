r"""The checksum of TFRecord: CRC-32C (Castagnoli), many lanes at a time.

The CRC of a message is linear over GF(2). The bytes are cut into lanes of equal length, whose CRCs are computed side by
side; a lane is joined to those before it by moving their CRC over its length, which is a 32 x 32 matrix of bits.

Source: RFC 3720, section 12.1; https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

POLYNOMIAL = 0x82F63B78
LANE = 4096
"""Bytes of a lane."""
FEWEST = 32
"""Lanes below which bytes are quicker one by one: lanes cost the same however few they are."""


def crc32c(data: bytes | memoryview) -> int:
    """Checksum of bytes.

    Args:
        data: the bytes.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    raw = np.frombuffer(data, dtype=np.uint8)
    lanes = raw[: len(raw) // LANE * LANE].reshape(-1, LANE)
    if len(lanes) < FEWEST:
        lanes = lanes[:0]
    crc, plain = _joined(lanes) if len(lanes) else 0xFFFFFFFF, _plain()
    for byte in raw[lanes.size :].tolist():
        crc = plain[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _joined(lanes: np.ndarray) -> int:
    """The CRC after all lanes."""
    table, state = _table(), np.zeros(len(lanes), dtype=np.uint32)
    for column in np.ascontiguousarray(lanes.T):
        state = table[(state ^ column) & 0xFF] ^ (state >> np.uint32(8))
    crc, move = 0xFFFFFFFF, _move(LANE)
    for lane in state.tolist():
        crc = int(move[0, crc & 255] ^ move[1, crc >> 8 & 255] ^ move[2, crc >> 16 & 255] ^ move[3, crc >> 24]) ^ lane
    return crc


def masked(crc: int) -> int:
    """The checksum as TFRecord stores it: rotated and moved, so that a CRC of CRCs is none of its own.

    Example:
        >>> hex(masked(0xE3069283))
        '0xc78ab0e5'
    """
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@lru_cache
def _table() -> np.ndarray:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, values >> np.uint32(1) ^ np.uint32(POLYNOMIAL), values >> np.uint32(1))
    return values.astype(np.uint32)


@lru_cache
def _plain() -> list[int]:
    table: list[int] = _table().tolist()
    return table


@lru_cache
def _move(length: int) -> np.ndarray:
    """The CRC after ``length`` zero bytes, by each of the four bytes of the CRC before."""
    table = _table()
    state = (np.arange(256, dtype=np.uint32) << (np.arange(4, dtype=np.uint32)[:, None] * np.uint32(8))).astype(
        np.uint32
    )
    for _ in range(length):
        state = table[state & 0xFF] ^ (state >> np.uint32(8))
    return state
