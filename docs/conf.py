"""Configuration of the documentation."""

from __future__ import annotations

from typing import Any

import gno

project = "gno"
author = "The gno developers"
project_copyright = "2026, the gno developers"
release = version = gno.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["colon_fence", "dollarmath"]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "gallery"]
html_theme = "furo"
html_title = f"gno {release}"

autodoc_typehints = "none"  # the shapes stand in the docstrings, in words
autodoc_member_order = "bysource"
autosummary_generate = True
napoleon_google_docstring = True
napoleon_use_rtype = False
napoleon_custom_sections = ["Shapes"]

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "tutorials",
    "filename_pattern": "/plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
}


def setup(app: Any) -> None:
    """Leave out what Python and pydantic say of fields, and keep the colons of properties."""
    app.connect("autodoc-skip-member", lambda _app, _what, name, item, *_: _says_nothing(name, item))
    app.connect("autodoc-process-docstring", lambda _app, what, *rest: _mend_colon(what, rest[-1]), priority=400)


def _says_nothing(name: str, item: object) -> bool | None:
    alias = (getattr(item, "__doc__", None) or "").startswith("Alias for field number")
    return True if alias or name.startswith("model_") else None


def _mend_colon(what: str, lines: list[str]) -> None:
    if what == "property" and lines:  # napoleon takes what stands before a colon there for a type
        lines[0] = lines[0].replace(": ", ", ", 1)
