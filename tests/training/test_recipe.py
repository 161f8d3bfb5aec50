"""A recipe is checked whole, and says what is wrong in its own words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gno.errors import ConfigError
from gno.training import Recipe
from gno.training.toml import dumps

TEXT = """
seed = 3
[model]
name = "mgkn"
[model.options]
width = 8
geometry = { levels = 3, features = ["is_boundary"] }
[optimization]
epochs = 5
learning_rate = 1e-2
"""

scalars = st.one_of(
    st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)  # fmt: skip
tables = st.recursive(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), scalars | st.lists(scalars, max_size=3)),
    lambda inner: st.dictionaries(st.text("abc.- é", min_size=1), inner | scalars, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(TEXT)
    return path


@settings(deadline=None)
@given(table=tables)
def test_what_is_written_as_toml_reads_the_same(table: dict[str, object]) -> None:
    assert tomllib.loads(dumps(table)) == table


def test_a_recipe_reads_its_own_text(file: Path, tmp_path: Path) -> None:
    recipe = Recipe.load(file)
    assert (recipe.seed, recipe.optimization.epochs, recipe.optimization.learning_rate) == (3, 5, 1e-2)
    again = tmp_path / "again.toml"
    again.write_text(recipe.dumps())
    assert Recipe.load(again) == recipe
    assert "batch_size" in again.read_text()  # defaults are written out, too
    with pytest.raises(ValidationError):
        recipe.seed = 4  # type: ignore[misc]


def test_overrides_are_toml_values_or_plain_words(file: Path) -> None:
    overrides = ("optimization.epochs=7", "loss=squared_l2", 'data.path = "a b.h5"', "model.options.kernel.width=16")
    recipe = Recipe.load(file, overrides)
    assert (recipe.optimization.epochs, recipe.loss, recipe.data.path) == (7, "squared_l2", "a b.h5")
    assert recipe.model.options["kernel"] == {"width": 16}
    assert Recipe.load(file, ("data.path=runs/demo/data.h5",)).data.path == "runs/demo/data.h5"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimization.epochs", "key=value"),
        (".epochs=3", "key=value"),
        ("seed.inner=3", "'seed' is 3, not a section"),
        ("optimization.epochs=3 4", "no TOML value"),
        ("optimization.epochz=3", "unknown key 'optimization.epochz'.*did you mean 'optimization.epochs'"),
        ("optimisation.epochs=3", "unknown key 'optimisation'.*did you mean 'optimization'"),
        ("optimization.epochs=0", "optimization.epochs = 0.*greater than or equal to 1"),
        ('optimization.epochs="3"', "optimization.epochs = '3'.*integer"),
        ("optimization.epochs=2.5", "integer"),
        ("optimization.learning_rate=nan", "finite"),
        ("data.augment=rotate", "'none' or 'rigid'"),
        ("loss=relative", "unknown loss 'relative'.*relative_l2"),
        ("model.name=mgnk", "unknown model 'mgnk'.*mgkn"),
        ("model.options.widht=3", "unknown key 'model.options.widht'.*did you mean 'model.options.width'"),
        ("model.options.geometry.level=3", "did you mean 'model.options.geometry.levels'"),
        ("model.options.kernel.layer=3", "did you mean 'model.options.kernel.layers'"),
        ("model.options.in_channels=3", "unknown key 'model.options.in_channels'"),
        ("model=3", "model = 3.*it must be a section"),
        ("model.options.width=2.5", "model.options.width = 2.5.*integer"),
        ("model.options.shared=yes", "model.options.shared = 'yes'.*boolean"),
        ("model.options.geometry=3", "model.options.geometry = 3.*it must be a section"),
        ("model.options.geometry.radius=0.2", "model.options.geometry.radius = 0.2.*it must be a list"),
        ("model.options.geometry.features=is_boundary", "features = 'is_boundary'.*it must be a list"),
        ('model.options.geometry.center=["a", 0]', "center = .*number"),
        ("model.options.kernel.layers=two", "model.options.kernel.layers = 'two'.*integer"),
        ("model.options.transforms=log", "model.options.transforms = 'log'.*it must be a section"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(file: Path, override: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Recipe.load(file, (override,))


def test_all_errors_come_at_once(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Recipe.load(file, ("optimization.epochs=0", "sed=3", "model.options.widht=3", "loss=l1"))
    for part in ("has 4 errors", "epochs", "'seed'", "widht", "'l1'"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_recipe_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    with pytest.raises(ConfigError, match="cannot be read"):
        Recipe.load(path)
    path.write_text("seed = 3\nloss = = 4\n")
    with pytest.raises(ConfigError, match="line 2, column 8"):
        Recipe.load(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n\xff")
    with pytest.raises(ConfigError, match="is no TOML"):
        Recipe.load(path)
    path.write_text("")
    with pytest.raises(ConfigError, match="'model' is missing"):
        Recipe.load(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        Recipe.load(tmp_path)
