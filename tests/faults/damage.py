"""Damage at random: cuts, flips, insertions, and what is apt to break a parser."""

from __future__ import annotations

import random
import re

TOKENS = [
    b"0",
    b"-1",
    b"nan",
    b"inf",
    b"1e999",
    b"1.5",
    b"2147483648",
    b"-9223372036854775808",
    b"99999999999999999999",
]
TOKENS += [b"", b" ", b"\n", b"\0", b"\xff\xfe", b"(", b")", b"<", b">", b'"', b"{", b"}", b"[", b"=", b"%", b"/*"]
NUMBER = re.compile(rb"-?\d+(\.\d+)?")


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The content with one to four things wrong.

    Args:
        content: of a sound file.
        rng: decides.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        content = rng.choice(KINDS)(content, rng)
    return content


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _flip(content: bytes, rng: random.Random) -> bytes:
    if not content:
        return content
    place = _place(content, rng)
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def _set(content: bytes, rng: random.Random) -> bytes:
    place, size = _place(content, rng), rng.choice((1, 2, 4, 8))
    return content[:place] + rng.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * size + content[place + size :]


def _insert(content: bytes, rng: random.Random) -> bytes:
    place = _place(content, rng)
    new = rng.choice(TOKENS) if rng.random() < 0.7 else rng.randbytes(rng.randrange(1, 40))
    return content[:place] + new + content[place:]


def _drop(content: bytes, rng: random.Random) -> bytes:
    place = _place(content, rng)
    return content[:place] + content[place + rng.randrange(1, 64) :]


def _twice(content: bytes, rng: random.Random) -> bytes:
    place, size = _place(content, rng), rng.randrange(1, 200)
    return content[: place + size] + content[place:]


def _number(content: bytes, rng: random.Random) -> bytes:
    found = list(NUMBER.finditer(content[:20_000]))
    if not found:
        return _flip(content, rng)
    old = rng.choice(found)
    return content[: old.start()] + rng.choice(TOKENS[:9]) + content[old.end() :]


def _place(content: bytes, rng: random.Random) -> int:
    """Somewhere; often near the beginning, where headers are."""
    return rng.randrange(min(len(content), rng.choice((64, 512, len(content)))) or 1)


KINDS = (_cut, _flip, _flip, _set, _insert, _drop, _twice, _number)
