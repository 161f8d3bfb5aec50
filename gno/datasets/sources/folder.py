"""A folder of files, a case each."""

from __future__ import annotations

from pathlib import Path

from gno.datasets.sources.source import Source
from gno.errors import DataError

SUFFIXES = (".vtu", ".vtp", ".pvd", ".vtkhdf", ".json")
MAX_FILES = 1_000_000


class FolderSource(Source):
    """Names of the files in a folder and in the folders in it; a single file is a folder of one.

    Args:
        path: the folder, or one file.

    Raises:
        DataError: too many files.
    """

    kind = "folder"

    def __init__(self, path: Path) -> None:
        self.root = path if path.is_dir() else path.parent
        files = [path] if path.is_file() else [*path.glob("*"), *path.glob("*/*")]
        if len(files) > MAX_FILES:
            raise DataError(f"{path} holds {len(files)} files", why=f"at most {MAX_FILES} are looked through")
        names = sorted(f.relative_to(self.root).as_posix() for f in files if f.suffix.lower() in SUFFIXES)
        super().__init__(path, dict.fromkeys(names, ()))

    def named(self, suffix: str) -> list[str]:
        """Names of the files with an ending."""
        return [name for name in self.shapes if name.lower().endswith(suffix)]


def as_folder(source: Source) -> FolderSource:
    """A source that must be a folder.

    Args:
        source: the source.

    Raises:
        DataError: it is another one.
    """
    if not isinstance(source, FolderSource):
        raise DataError(f"{source.path} is no folder", why="cases lie in a folder", fix="choose another layout")
    return source
