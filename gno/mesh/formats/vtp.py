"""The points of VTK's XML format for surfaces and curves, as they lie in the file."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.source import COPY, check_file

TYPES = {"Float32": "f4", "Float64": "f8"}
HEADERS = {"UInt32": 4, "UInt64": 8}
MAX_EXPANSION = 1100
"""More than this zlib cannot do."""


def points_of(path: Path) -> np.ndarray:
    """Coordinates ``(nodes, 3)`` of a ``.vtp`` file: plain text, base64 or raw, compressed by zlib or not.

    Args:
        path: the file.

    Raises:
        MeshError: no such file, no points, or damaged.

    Source: https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html
    """
    check_file(path)
    content = path.read_bytes()
    try:
        values = _points(content)
        if values.size % 3 or not np.isfinite(values).all():
            raise ValueError(f"points are {values.size} numbers, or not finite")
    except (ValueError, KeyError, zlib.error) as error:
        why = " ".join(str(error).split())[:200]
        raise MeshError(f"{path} cannot be read as vtp: it is damaged or foreign", why=why, fix=COPY) from error
    return values.reshape(-1, 3).astype(np.float64)


def _points(content: bytes) -> np.ndarray:
    root = re.search(rb"<VTKFile\b[^>]*>", content)
    section = re.search(rb"<Points\b[^>]*>(.*?)</Points>", content, re.S)
    array = section and re.search(rb"<DataArray\b([^>]*?)(/>|>(.*?)</DataArray>)", section[1], re.S)
    if not root or not array:
        raise ValueError("it has no element VTKFile with Points")
    about, told = _attributes(root[0]), _attributes(array[1])
    inline = re.sub(rb"<InformationKey\b.*?(/>|</InformationKey>)", b"", array[3] or b"", flags=re.S)
    order = ">" if about.get("byte_order") == "BigEndian" else "<"
    dtype = np.dtype(order + TYPES[told["type"]])
    if told.get("format") == "ascii":
        return np.array(inline.split(), dtype=np.float64)
    width = HEADERS[about.get("header_type", "UInt32")]
    compressed = _compressed(about)
    if told.get("format") == "binary":
        return np.frombuffer(_decoded(re.sub(rb"\s", b"", inline), width, order, compressed, text=True), dtype)
    appended = re.search(rb'<AppendedData\b[^>]*encoding="(\w+)"[^>]*>\s*_', content)
    if not appended:
        raise ValueError("its data are neither inline nor appended")
    data = content[appended.end() + int(told.get("offset", 0)) :]
    return np.frombuffer(_decoded(data, width, order, compressed, text=appended[1] == b"base64"), dtype)


def _compressed(about: dict[str, str]) -> bool:
    if about.get("compressor", "vtkZLibDataCompressor") != "vtkZLibDataCompressor":
        raise ValueError(f"its compressor is {about['compressor']}; zlib is read")
    return "compressor" in about


def _decoded(data: bytes, width: int, order: str, compressed: bool, *, text: bool) -> bytes:
    """Bytes of an array: a header of sizes, then the blocks."""

    def take(start: int, count: int) -> bytes:
        chosen = data[start : start + (_text(count) if text else count)]
        return base64.b64decode(chosen)[:count] if text else chosen

    def numbers(raw: bytes) -> list[int]:
        return [int(n) for n in np.frombuffer(raw, np.dtype(f"{order}u{width}"))]

    if not compressed:
        size = numbers(take(0, width))[0]
        if text and b"=" in data[: _text(width)]:  # the header is a text of its own
            return take(_text(width), size)
        return take(0, width + size)[width:]
    blocks, full, last = numbers(take(0, 3 * width))
    if blocks * width > len(data):
        raise ValueError(f"{blocks} blocks stand in {len(data)} bytes")
    header = (3 + blocks) * width
    sizes = numbers(take(0, header))[3:]
    body, parts, at = take(_text(header) if text else header, sum(sizes)), [], 0
    for i, size in enumerate(sizes):
        most = min(last if i == blocks - 1 and last else full, MAX_EXPANSION * size)
        parts.append(zlib.decompressobj().decompress(body[at : at + size], most))
        at += size
    return b"".join(parts)


def _text(count: int) -> int:
    """Characters of base64 for so many bytes."""
    return -(-count // 3) * 4


def _attributes(tag: bytes) -> dict[str, str]:
    return {k.decode(): v.decode("latin-1") for k, v in re.findall(rb'([\w]+)\s*=\s*"([^"]*)"', tag)}
