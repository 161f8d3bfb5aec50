"""The file itself: there, whole, of the right kind."""

from __future__ import annotations

from pathlib import Path

from gno.errors import MeshError

COPY = "copy or export the file again"


def check_file(path: Path) -> None:
    """Refuse what is no file, is empty, or only stands for a file.

    Args:
        path: the file.

    Raises:
        MeshError: missing, a folder, unreadable, empty, or a Git LFS pointer.
    """
    if not path.exists():
        raise MeshError(f"no such file: {path}", why=f"the folder is {path.resolve().parent}", fix="check the path")
    if not path.is_file():
        raise MeshError(f"{path} is not a file", why="a mesh of this suffix is one file", fix="check the path")
    try:
        with open(path, "rb") as file:
            head = file.read(64)
    except OSError as error:
        raise MeshError(f"{path} cannot be read", why=error.strerror or str(error), fix="check the rights") from error
    if not head:
        raise MeshError(f"{path} is empty", why="it has 0 bytes", fix=COPY)
    if head.startswith(b"version https://git-lfs"):
        raise MeshError(f"{path} is a Git LFS pointer", why="the file itself was not fetched", fix="run: git lfs pull")


def read_text(path: Path) -> str:
    """Text of a file that must be text.

    Args:
        path: the file.

    Raises:
        MeshError: what ``check_file`` refuses, or bytes that are no text.
    """
    check_file(path)
    content = path.read_bytes()
    if b"\0" in content:
        raise MeshError(f"{path} is binary", why=f"byte {content.index(0)} is zero; the format is text", fix=COPY)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        try:
            return _latin(content)
        except ValueError:
            raise MeshError(f"{path} is binary", why=f"byte {error.start} is no text", fix=COPY) from error


def _latin(content: bytes) -> str:
    """Text in a one-byte encoding: accents in comments, but no control characters."""
    text = content.decode("latin-1")
    if any(c < " " and c not in "\t\r\n\f" for c in text) or any("\x7f" <= c < "\xa0" for c in text):
        raise ValueError("control characters")
    return text
