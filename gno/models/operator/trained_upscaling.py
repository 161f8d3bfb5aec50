"""The learned upscaling of a model file, for the coarse solve of a corrector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gno.errors import ConfigError
from gno.models.file.model_file import network_of, reading
from gno.models.hybrids.learned_upscaling import LearnedUpscaling


def with_upscaling(options: Mapping[str, Any]) -> tuple[dict[str, Any], LearnedUpscaling | None]:
    """Options of a recipe with the arguments of a learned upscaling where they name its file, and that network.

    Args:
        options: of a model; ``coarse.upscaling`` is perhaps the path of a model file.

    Raises:
        ModelError: a file that cannot be used.
        ConfigError: the model of the file is another one.

    Example:
        >>> with_upscaling({"coarse": {"nodes": 100}})
        ({'coarse': {'nodes': 100}}, None)
    """
    coarse = options.get("coarse")
    if not isinstance(coarse, Mapping) or not isinstance(coarse.get("upscaling"), str):
        return dict(options), None
    path = Path(coarse["upscaling"])
    with reading(path) as header:
        network = network_of(path, header)
    if not isinstance(network, LearnedUpscaling):
        raise ConfigError(
            f"coarse.upscaling is {path}, a {type(network).__name__}",
            why="it is a model file of LearnedUpscaling",
            fix="train one: training/darcy_upscaling.toml",
        )
    return {**options, "coarse": {"nodes": network.nodes, **coarse, "upscaling": network.arguments}}, network
