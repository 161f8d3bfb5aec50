"""The section of a recipe that says which network is trained."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from gno.models import CFDGCN, MODELS, Operator
from gno.models.features.geometry import Geometry
from gno.models.hybrids.coarse_solution import CoarseSolution
from gno.nn.kernel_options import KernelOptions
from gno.training.complaints import Complaint, unknown, wrong_type
from gno.training.section import Section

_FROM_DATA = {"in_channels", "out_channels", "radius", "columns", "outputs"}
_TABLES: dict[str, Any] = {
    "geometry": dict[str, Any],
    "kernel": dict[str, Any],
    "transforms": dict[str, str],
    "params": list[str],
}


class Model(Section):
    """The section ``[model]`` of a recipe.

    Args:
        name: name of the network in ``gno.models``: ``gkn``, ``mgkn``, ``meshgraphnet``.
        options: ``[model.options]``: arguments of its constructor, and ``geometry``, ``boundary``, ``transforms`` and
            ``params`` as of ``Operator.from_dataset``.

    Example:
        >>> Model(name="mgkn", options={"width": 16, "geometry": {"levels": 3}}).options["width"]
        16
    """

    name: str
    options: Annotated[dict[str, Any], Field(default_factory=dict)]

    @staticmethod
    def complaints(table: Mapping[str, Any]) -> list[Complaint]:
        """Names in a table ``[model]`` that refer to nothing, and values of another type than theirs.

        Args:
            table: as of TOML.

        Example:
            >>> [c.fix for c in Model.complaints({"name": "mgkn", "options": {"widht": 16}})]
            ["did you mean 'model.options.width'?"]
        """
        name, options = table.get("name"), table.get("options", {})
        if not isinstance(name, str) or not isinstance(options, Mapping):
            return []  # the types are complained about already
        networks = {key.lower(): network for key, network in MODELS.items()}
        if name.lower() not in networks:
            return [unknown(name, networks, what="model")]
        wrong = _wrong(options, _options(networks[name.lower()]), "model.options")
        parts = {"geometry": {"levels": int, **_kinds(Geometry)}, "kernel": _kinds(KernelOptions)}
        if networks[name.lower()] is CFDGCN:
            parts["coarse"] = _options_of(CoarseSolution)
        for key, kinds in parts.items():
            inner = options.get(key)
            wrong += _wrong(inner, kinds, f"model.options.{key}") if isinstance(inner, Mapping) else []
        return wrong


def _wrong(given: Mapping[str, Any], kinds: Mapping[str, Any], within: str) -> list[Complaint]:
    found = []
    for key, value in given.items():
        if key in kinds:
            found += wrong_type(f"{within}.{key}", value, kinds[key])
        else:
            found.append(unknown(key, sorted(kinds), within=within))
    return found


def _options(network: type) -> dict[str, Any]:
    """Names of the options and their types."""
    own = _options_of(network)
    keywords = inspect.signature(Operator.from_dataset).parameters.values()
    of_operator = {p.name: str for p in keywords if p.kind is p.KEYWORD_ONLY}
    return own | of_operator | _TABLES


def _options_of(part: type) -> dict[str, Any]:
    """Arguments that do not follow from the data, and their types; a recipe has parts as tables."""
    kinds = {name: kind for name, kind in _kinds(part.__init__).items() if name not in _FROM_DATA}  # type: ignore[misc]
    return kinds | {name: dict[str, Any] for name in ("coarse",) if name in kinds}


def _kinds(thing: Any) -> dict[str, Any]:
    return {name: kind for name, kind in typing.get_type_hints(thing).items() if name != "return"}
