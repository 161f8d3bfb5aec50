"""The folder of a run: held by one process at a time, and not begun over what is there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from gno.errors import ConfigError
from gno.files import make_folder, unwritable
from gno.training.checkpoint import previous_checkpoint
from gno.training.recipe import Recipe


class RunFolder:
    """Where a run writes: recipe, environment, metrics, checkpoint, model.

    Args:
        path: the folder; it is made. What was made for nothing, without a checkpoint, is removed again after an error.
        resume: go on with the run in it, if there is one.

    Raises:
        ConfigError: the folder is not empty and ``resume`` is off, holds no run, or another process writes to it.
        ResourceError: it is a file, or cannot be made.

    Example:
        >>> from tempfile import mkdtemp
        >>> with RunFolder(mkdtemp()) as folder:
        ...     folder.model.name
        'model.safetensors'
    """

    def __init__(self, path: str | os.PathLike[str], *, resume: bool = False) -> None:
        self.path, self.resume = Path(path), resume
        self.model = self.path / "model.safetensors"
        self.metrics = self.path / "metrics.csv"
        self.recipe = self.path / "recipe.toml"
        self.checkpoint = self.path / "checkpoint.pt"
        self.environment = self.path / "env.json"
        self._made: list[Path] = []
        self._found: set[Path] = set()
        self._handle = -1

    @property
    def is_begun(self) -> bool:
        """Whether there is a checkpoint to go on with."""
        return self.checkpoint.exists() or previous_checkpoint(self.checkpoint).exists()

    def __enter__(self) -> RunFolder:
        try:
            self._made = [p for p in (self.path, *self.path.parents) if not p.exists()]
            make_folder(self.path)
            self._handle = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise unwritable(self.path, error) from error
        try:
            self._take()
        except ConfigError:
            self._leave()
            raise
        self._found = set(self.path.iterdir())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self.is_begun:
            for file in {self.recipe, self.environment, self.metrics} - self._found:
                file.unlink(missing_ok=True)
        self._leave()

    def check(self, recipe: Recipe) -> None:
        """See that a recipe is the one of the run that is resumed.

        Args:
            recipe: to go on with.

        Raises:
            ConfigError: the run was begun with another recipe, or with one that cannot be read.
        """
        if not self.is_begun or not self.recipe.exists():
            return
        try:
            before = _completed(tomllib.loads(self.recipe.read_text()))
        except ValueError as error:  # of TOML and of UTF-8 alike
            raise ConfigError(
                f"{self.recipe} is damaged", why=str(error), fix="remove it, and resume with the recipe of the run"
            ) from error
        changed = sorted(_differences(before, tomllib.loads(recipe.dumps())) - {"data.path"})
        if changed:
            raise ConfigError(
                f"{self.path} was begun with another recipe",
                why=f"it differs in {', '.join(changed)}",
                fix="resume with the same recipe, or start in an empty folder",
            )

    def _take(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"{self.path} is in use", why="another run writes to it", fix="wait for it, or give another folder"
            ) from error
        if any(self.path.iterdir()):
            if not self.resume:
                raise ConfigError(
                    f"{self.path} is not empty",
                    why="a run would mix its files with those",
                    fix="give another folder, or go on with the run in it by --resume (resume=True)",
                )
            if not self.recipe.exists() and not self.is_begun:
                raise ConfigError(f"{self.path} holds no run", why="it has no recipe.toml", fix="give the run's folder")

    def _leave(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        for folder in self._made:
            with contextlib.suppress(OSError):  # it has files by now, so it stays
                folder.rmdir()


def _completed(table: dict[str, Any]) -> dict[str, Any]:
    """A recipe with what a newer gno added to it, at the defaults: what an older one did."""
    try:
        return tomllib.loads(Recipe.make(table).dumps())
    except ConfigError:
        return table


def _differences(a: Any, b: Any, key: str = "") -> set[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return {d for name in {*a, *b} for d in _differences(a.get(name), b.get(name), f"{key}.{name}".strip("."))}
    return set() if a == b and type(a) is type(b) else {key}
