from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.cli.places import check_file
from gno.cli.settings import parsed, settings
from gno.errors import ConfigError, ResourceError
from gno.files import check_folder


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**62), 2**62))
def test_numbers_come_back_as_they_were_written(value: float) -> None:
    assert parsed(repr(value)) == value


@given(st.lists(st.integers(-100, 100), min_size=2, max_size=4))
def test_vectors_too(values: list[int]) -> None:
    assert parsed(",".join(map(str, values))) == values


@given(st.text(min_size=1, max_size=20))
def test_any_text_is_a_value(text: str) -> None:
    assert parsed(text) is not None


def test_forms_of_numbers() -> None:
    assert [parsed(t) for t in ("1e-3", ".5", "1.", "+2", "1_000")] == [1e-3, 0.5, 1.0, 2, 1000]
    assert parsed("[1.0, 2.0]") == [1.0, 2.0]
    assert parsed('"1"') == "1"


@pytest.mark.parametrize("word", ["x", "=1", "x=", "", "="])
def test_a_malformed_setting_shows_an_example(word: str) -> None:
    with pytest.raises(ConfigError, match="for example: --set nodes=200"):
        settings([word], example="nodes=200")


def test_a_name_is_set_once() -> None:
    with pytest.raises(ConfigError, match="twice"):
        settings(["a=1", "a=2"], example="a=1")


def test_places_are_refused_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = tmp_path / "mesh.vtu"
    mesh.touch()
    check_file(tmp_path / "out.vtu", [".vtu"], inputs=[mesh])
    check_folder(tmp_path / "a" / "b")
    for path in (tmp_path / "out.stl", mesh):
        with pytest.raises(ConfigError):
            check_file(path, [".vtu"], inputs=[mesh])
    for path in (tmp_path, tmp_path / "no" / "out.vtu"):
        with pytest.raises(ResourceError):
            check_file(path, [])
    with pytest.raises(ResourceError):
        check_folder(mesh / "run")
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, who can write anywhere
    with pytest.raises(ResourceError):
        check_file(tmp_path / "out.vtu", [".vtu"])
    with pytest.raises(ResourceError):
        check_folder(tmp_path / "a")
