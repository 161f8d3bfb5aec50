"""The recipe of a run: a TOML file, checked whole before anything is computed."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from gno.errors import ConfigError
from gno.training.complaints import Complaint, complaints, unknown
from gno.training.data import Data
from gno.training.losses import LOSSES, RESIDUAL
from gno.training.network import Model
from gno.training.optimization import Optimization
from gno.training.section import Section
from gno.training.time import Time
from gno.training.toml import dumps

_WORD = re.compile(r"[A-Za-z_./~][\w./~+-]*")


class Recipe(Section):
    """All choices of a training run.

    Args:
        model: ``[model]``: which network, and its options.
        data: ``[data]``: file, splits, augmentation.
        time: ``[time]``: windows, noise and rollouts, for trajectories; without it the defaults.
        optimization: ``[optimization]``: epochs, batch size, learning rate.
        loss: what is made small: the distance to the labels, one of ``LOSSES``; or, without labels, ``residual``: what
            the discrete equations miss, where the problem has such a measure.
        seed: of the first weights, of the order of the samples, of the augmentation.
        threads: of the CPU; 0 leaves torch its own choice. One is quickest for graphs of some hundred nodes, and the
            weights of a run are equal bit for bit only with the same number.

    Example:
        >>> recipe = Recipe(model=Model(name="gkn"), seed=3)
        >>> recipe.seed, recipe.optimization.batch_size
        (3, 4)
    """

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    loss: str = "relative_l2"
    model: Model
    data: Data = Data()
    time: Time | None = None
    optimization: Optimization = Optimization()

    @classmethod
    def load(cls, path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Recipe:
        """Read a recipe.

        Args:
            path: a TOML file.
            overrides: ``key=value`` with a dotted key and a TOML value: ``optimization.epochs=3``. A value that is
                no TOML but a single word or path is text.

        Raises:
            ConfigError: no such file, no TOML (with line and column), or keys and values that cannot be, all at once.
        """
        path = Path(path)
        try:
            text = path.read_bytes().decode()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read", why=str(error.strerror), fix="give a recipe in TOML") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path} is no TOML", why=f"byte {error.start} is not UTF-8") from error
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path} is no TOML", why=str(error), fix="mend this line") from error
        for override in overrides:
            _set(table, override)
        return cls.make(table, name=str(path))

    @classmethod
    def make(cls, table: dict[str, Any], *, name: str = "the recipe") -> Recipe:
        """The recipe of nested tables.

        Args:
            table: as ``tomllib`` reads them.
            name: what the tables are called in errors.

        Raises:
            ConfigError: keys and values that cannot be, all at once.

        Example:
            >>> Recipe.make({"model": {"name": "gkn"}, "sed": 3})  # doctest: +ELLIPSIS
            Traceback (most recent call last):
            ...
            gno.errors.ConfigError: unknown key 'sed' in the recipe; ...; did you mean 'seed'?
        """
        wrong: list[Complaint] = []
        recipe = None
        try:
            recipe = cls(**table)
        except ValidationError as error:
            wrong = complaints(error, cls)
        except TypeError as error:  # a key that is no word
            wrong = [Complaint(str(error), "keys are words")]
        wrong += _wrong_names(table)
        if len(wrong) == 1:
            what, why, fix = wrong[0]
            raise ConfigError(f"{what} in {name}", why=why, fix=fix or "give another name or value")
        if wrong or recipe is None:
            lines = [f"{what} ({fix or why})" for what, why, fix in wrong]
            raise ConfigError(f"{name} has {len(wrong)} errors", why="; ".join(lines), fix="mend them all")
        return recipe

    def dumps(self) -> str:
        """The recipe as TOML, with every value that was left to its default."""
        return dumps(self.model_dump())


def _wrong_names(table: dict[str, Any]) -> list[Complaint]:
    """Names that refer to code: of the loss, the model, and the options of the model with their types."""
    wrong: list[Complaint] = []
    loss = table.get("loss", "relative_l2")
    known = (*LOSSES, RESIDUAL)
    if isinstance(loss, str) and loss not in known:
        wrong.append(unknown(loss, known, what="loss"))
    model = table.get("model")
    if isinstance(model, dict):
        wrong += Model.complaints(model)
    return wrong


def _set(table: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise ConfigError(f"{override!r} sets nothing", why="it must be key=value", fix="optimization.epochs=3")
    *path, last = parts
    for part in path:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{override!r} goes into {part!r}", why=f"{part!r} is {inner!r}, not a section")
        table = inner
    table[last] = _parsed(override, text.strip())


def _parsed(override: str, text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")
        if list(value) == ["value"]:
            return value["value"]
    except tomllib.TOMLDecodeError:
        if _WORD.fullmatch(text):
            return text
    raise ConfigError(f"{override!r} has no TOML value", why=f"{text!r} is none", fix='write text as "text"')
