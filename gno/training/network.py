"""The section of a recipe that says which network is trained."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from gno.models import MODELS, Operator
from gno.models.geometry import Geometry
from gno.nn.kernel_options import KernelOptions
from gno.training.complaints import unknown
from gno.training.section import Section

_FROM_DATA = {"in_channels", "out_channels", "radius"}


class Model(Section):
    """The section ``[model]`` of a recipe.

    Args:
        name: name of the network in ``gno.models``: ``gkn``, ``mgkn``.
        options: ``[model.options]``: arguments of its constructor, and ``geometry``, ``boundary`` and ``transforms`` as
            of ``Operator.from_dataset``.

    Example:
        >>> Model(name="mgkn", options={"width": 16, "geometry": {"levels": 3}}).options["width"]
        16
    """

    name: str
    options: Annotated[dict[str, Any], Field(default_factory=dict)]

    @staticmethod
    def unknown_names(table: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Names in a table ``[model]`` that refer to nothing, as complaints.

        Args:
            table: as of TOML.

        Example:
            >>> Model.unknown_names({"name": "mgkn", "options": {"widht": 16}})
            [("unknown key 'model.options.widht'", "did you mean 'model.options.width'?")]
        """
        name, options = table.get("name"), table.get("options", {})
        if not isinstance(name, str) or not isinstance(options, Mapping):
            return []  # the types are complained about already
        networks = {key.lower(): network for key, network in MODELS.items()}
        if name.lower() not in networks:
            return [unknown(name, networks, what="model")]
        tables = {
            "model.options": (options, _options(networks[name.lower()])),
            "model.options.geometry": (options.get("geometry"), {"levels", *_names(Geometry)}),
            "model.options.kernel": (options.get("kernel"), _names(KernelOptions)),
        }
        return [
            unknown(key, sorted(known), within=path)
            for path, (given, known) in tables.items()
            if isinstance(given, Mapping)
            for key in given
            if key not in known
        ]


def _options(network: type) -> set[str]:
    own = set(inspect.signature(network).parameters) - _FROM_DATA
    of_operator = inspect.signature(Operator.from_dataset).parameters.values()
    return own | {p.name for p in of_operator if p.kind is p.KEYWORD_ONLY}


def _names(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}
