"""OpenFOAM's text files: the header, lists of numbers, vectors and faces, and the list of patches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.source import COPY, check_file, read_text

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_HEADER = re.compile(r"FoamFile\s*\{([^{}]*)\}")
_ENTRY = re.compile(r'("[^"\n]*"|[^\s{}();"]+)\s*\{([^{}]*)\}')
_FACE = re.compile(r"(\d*)\s*\(([^()]*)\)")
_NUMBER = re.compile(r"[-+0-9.eE]+")


_WRITTEN = """FoamFile
{{
    version     2.0;
    format      ascii;
    class       {kind};
    location    "{folder}";
    object      {name};
}}

"""


@dataclass(frozen=True)
class Patch:
    """A patch of the ``boundary`` file: consecutive faces of one name.

    Args:
        name: name of the patch.
        kind: its type: ``wall``, ``patch``, ``empty``, ...
        start: number of its first face.
        count: number of its faces.
    """

    name: str
    kind: str
    start: int
    count: int


def header(kind: str, folder: str, name: str) -> str:
    """What a file begins with.

    Args:
        kind: its class.
        folder: where it stands in the case.
        name: its name.
    """
    return _WRITTEN.format(kind=kind, folder=folder, name=name)


def read_vectors(path: Path) -> np.ndarray:
    """Vectors ``(n, 3)`` of a ``points`` file.

    Args:
        path: the file.

    Raises:
        MeshError: binary, cut short, or no list of vectors.
    """
    count, body = _list(path, _content(path)[1])
    if not re.fullmatch(r"(\s*\([^()]*\))*\s*", body):
        raise _damaged(path, "a vector is not closed")
    values = _numbers(path, body.replace("(", " ").replace(")", " "), np.float64)
    if body.count("(") != count or len(values) != 3 * count:
        raise _damaged(path, f"{count} points are declared, {len(values) / 3:g} are there")
    return values.reshape(count, 3)


def read_labels(path: Path) -> np.ndarray:
    """Numbers ``(n,)`` of an ``owner`` or ``neighbour`` file.

    Args:
        path: the file.

    Raises:
        MeshError: binary, cut short, or no list of whole numbers.
    """
    return _labels(path, _content(path)[1])


def read_faces(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Corners of all faces in one row, and where each face begins ``(faces + 1,)``.

    Args:
        path: the ``faces`` file, a ``faceList`` or ``faceCompactList``.

    Raises:
        MeshError: binary, cut short, or no list of faces.
    """
    head, text = _content(path)
    if "faceCompactList" in head:
        first, _, rest = text.partition(")")
        start, nodes = _labels(path, first + ")"), _labels(path, rest)
        if not len(start) or start[0] != 0 or (np.diff(start) < 0).any() or start[-1] != len(nodes):
            raise _damaged(path, "the offsets do not fit the corners")
        return nodes, start
    count, body = _list(path, text)
    found = _FACE.findall(body)
    rows = [words.split() for _, words in found]
    if len(rows) != count or _FACE.sub("", body).strip():
        raise _damaged(path, f"{count} faces are declared, {len(rows)} are there")
    for i, ((declared, words), row) in enumerate(zip(found, rows)):
        if declared and declared.lstrip("0") != (str(len(row)) if row else ""):
            raise _damaged(path, f"face {i} says {declared} corners and has ({words[:60]})")
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    nodes = _numbers(path, " ".join(words for _, words in found), np.int64)
    return nodes, np.concatenate([[0], np.cumsum(sizes)])


def read_patches(path: Path) -> list[Patch]:
    """Patches of a ``boundary`` file, in its order.

    Args:
        path: the file.

    Raises:
        MeshError: binary, cut short, or a patch without type, start and count.
    """
    count, body = _list(path, _content(path)[1])
    patches = []
    for name, block in _ENTRY.findall(body):
        words = dict(re.findall(r"(\w+)\s+([^;]*?)\s*;", block))
        try:
            start, faces = int(words["startFace"]), int(words["nFaces"])
            patches.append(Patch(name.strip('"'), words["type"], start, faces))
        except (KeyError, ValueError) as error:
            raise _damaged(path, f"patch {name} has no usable {error}") from error
        if start < 0 or faces < 0 or start + faces > 2**40:
            raise _damaged(path, f"patch {name} has {faces} faces from {start} on")
    if len(patches) != count or _ENTRY.sub("", body).strip():
        raise _damaged(path, f"{count} patches are declared, {len(patches)} are there")
    return patches


def _content(path: Path) -> tuple[str, str]:
    """Header and the rest, without comments."""
    packed = path.with_name(path.name + ".gz")
    if not path.exists() and packed.exists():
        raise MeshError(f"{packed} is compressed", why="plain text is read", fix=f"run: gunzip {path.parent}/*.gz")
    check_file(path)
    if re.search(rb"format\s+binary\s*;", path.read_bytes()[:4096]):
        raise MeshError(
            f"{path} is a binary OpenFOAM file",
            why="the ASCII form is read",
            fix="set writeFormat ascii in system/controlDict and run: foamFormatConvert",
        )
    text = _COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " ", read_text(path))
    head = _HEADER.search(text)
    if head is None or text[: head.start()].strip():
        raise _damaged(path, "it does not begin with FoamFile { ... }")
    return head[1], text[head.end() :]


def _list(path: Path, text: str) -> tuple[int, str]:
    """Declared length and the inside of ``N ( ... )``."""
    match = re.fullmatch(r"\s*(\d{1,12})\s*\((.*)\)\s*", text, re.DOTALL)
    if match is None:
        raise _damaged(path, "it holds no list N ( ... )")
    return int(match[1]), match[2]


def _labels(path: Path, text: str) -> np.ndarray:
    if not text.strip().endswith(")"):
        uniform = re.fullmatch(r"\s*(\d{1,8})\s*\{\s*(\d{1,12})\s*\}\s*", text)
        if uniform:
            return np.full(int(uniform[1]), int(uniform[2]), dtype=np.int64)
    count, body = _list(path, text)
    values = _numbers(path, body, np.int64)
    if len(values) != count:
        raise _damaged(path, f"{count} numbers are declared, {len(values)} are there")
    return values


def _numbers(path: Path, text: str, dtype: type) -> np.ndarray:
    words = text.split()
    try:
        return np.array(words, dtype=dtype) if words else np.zeros(0, dtype=dtype)
    except (ValueError, OverflowError) as error:
        bad = next((w for w in words if not _NUMBER.fullmatch(w)), words[0])
        raise _damaged(path, f"{bad[:40]!r} is no number of the kind that belongs here") from error


def _damaged(path: Path, why: str) -> MeshError:
    return MeshError(f"{path} is damaged or no OpenFOAM mesh", why=why, fix=COPY)
