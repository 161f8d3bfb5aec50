"""The header of a model file, read with distrust."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gno.errors import ModelError

_MOST = 100_000_000  # bytes of a header, as safetensors itself allows
GIVE = "give the .safetensors file of a run of gno train; if it is one, copy it again"
_FOREIGN = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, such as a dataset",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
}
_CODE = {b"PK\x03\x04": "a zip archive, as torch.save writes it", b"\x80": "a pickle"}


@dataclass(frozen=True, eq=False)
class Header:
    """What the header of a model file says, and the file's content.

    Args:
        description: the JSON that gno wrote.
        tensors: names of the tensors.
        content: the whole file.
    """

    description: dict[str, Any]
    tensors: frozenset[str]
    content: bytes


def read_header(path: Path) -> Header:
    """Read a model file and its header; check that the header is whole and unchanged.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, empty, cut off, of another kind, or could run code.
    """
    content = _content(path)
    size = int.from_bytes(content[:8], "little")
    if size > min(_MOST, len(content) - 8):
        raise ModelError(
            f"{path} is cut off or no model file",
            why=f"its header should have {size} bytes, the file has {len(content)}",
            fix="copy the file again",
        )
    try:
        header = json.loads(content[8 : 8 + size])
        metadata = header.pop("__metadata__", {})
        text = metadata.get("gno")
        tensors = frozenset(header)
        end = max((int(entry["data_offsets"][1]) for entry in header.values()), default=0)
    except (ValueError, AttributeError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{path} is no model file", why="its header is no safetensors header") from error
    if not isinstance(text, str):
        raise ModelError(
            f"{path} was not written by gno", why="its header does not say which network it is for", fix=GIVE
        )
    if len(content) - 8 - size != end:
        raise ModelError(
            f"{path} is cut off or too long",
            why=f"it should have {8 + size + end} bytes and has {len(content)}",
            fix="copy the file again",
        )
    return Header(_unsealed(path, text), tensors, content)


def sealed(description: Mapping[str, Any]) -> str:
    """A description as JSON, with its own SHA-256 in it.

    Args:
        description: values that JSON can hold.

    Example:
        >>> sealed({"format": 1})
        '{"format": 1, "seal": "5e5fbf8b2105e97e80ad17d9d85a76a6bb9359654d7937f7e783a7d2a40b5098"}'
    """
    return _json({**description, "seal": _seal(description)})


def _json(description: Mapping[str, Any]) -> str:
    return json.dumps(description, sort_keys=True, allow_nan=False)


def _seal(description: Mapping[str, Any]) -> str:
    return hashlib.sha256(_json(description).encode()).hexdigest()


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _unsealed(path: Path, text: str) -> dict[str, Any]:
    try:
        description = json.loads(text, parse_constant=_no_number)
        if not isinstance(description, dict):
            raise ModelError(f"{path}: the header is damaged", why="it is no JSON object")
        noted, found = description.pop("seal", None), _seal(description)
    except (ValueError, RecursionError) as error:  # 1e999 is JSON, and no number that it can be written with
        raise ModelError(f"{path}: the header is damaged", why="it is no JSON") from error
    if noted != found:
        raise ModelError(
            f"{path}: the header is damaged", why="its SHA-256 is not the one noted", fix="copy the file again"
        )
    return description


def _content(path: Path) -> bytes:
    """The whole file, once its first bytes are those of a model: it may be anything, of any length."""
    try:
        if path.exists() and not path.is_file():
            raise ModelError(f"{path} cannot be read", why="it is no plain file", fix=GIVE)
        with open(path, "rb") as file:
            head = file.read(9)
            _refuse_foreign(path, head)
            return head + file.read()
    except OSError as error:
        raise ModelError(f"{path} cannot be read", why=error.strerror or str(error), fix="check the path") from error


def _refuse_foreign(path: Path, content: bytes) -> None:
    if not content:
        raise ModelError(f"{path} is empty", why="it has 0 bytes", fix="copy the file again")
    for magic, what in _FOREIGN.items():
        if content.startswith(magic):
            raise ModelError(f"{path} is no model file", why=f"it is {what}", fix=GIVE)
    for magic, what in _CODE.items():
        # The length of a header may begin with 0x80, too: only then a brace follows in the ninth byte.
        if content.startswith(magic) and content[8:9] != b"{":
            raise ModelError(
                f"{path} contains code: refused",
                why=f"it is {what}, and loading it would run whatever is in it",
                fix="ask for the .safetensors file",
            )
    if len(content) < 8 or content[8:9] != b"{":
        raise ModelError(f"{path} is no model file", why="it does not begin with a safetensors header", fix=GIVE)
