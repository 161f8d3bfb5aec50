"""What all checks cost: their share of the time of training and of a prediction."""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gno.mesh import save, shapes
from gno.problems import Darcy, generate
from gno.training import Recipe, train

CHECKS = {
    "gno.datasets.guard": ("open_guarded",),
    "gno.datasets.schema": ("seal_text",),
    "gno.datasets.digest": ("digest", "sample_digest"),
    "gno.datasets.field": ("check_finite",),
    "gno.training.checkpoint": ("_digests", "_check_sizes"),
    "gno.training.watch": ("warn_of_epoch",),
    "gno.models.file.header": ("read_header",),
    "gno.models.file.model_file": ("tensor_digest",),
    "gno.models.operator.prediction": ("_check_finite",),
    "gno.models.operator.ranges": ("outside",),
    "gno.ops.index": ("check_index", "check_edges"),
    "gno.mesh.formats.source": ("check_file",),
    "gno.mesh.formats.meshio": ("refuse_entities",),
    "gno.mesh.formats.clean": ("_check_points", "_check_nodes", "_check_duplicates"),
}
"""Functions that only look, by module."""
LARGEST = 0.03


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """CPU seconds spent in the checks, nested ones once."""
    spent, depth = [0.0], [0]

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            depth[0] += 1
            begun = time.process_time()
            try:
                return function(*args, **options)
            finally:
                depth[0] -= 1
                spent[0] += (time.process_time() - begun) * (depth[0] == 0)

        return call

    with monkeypatch.context() as patch:
        for module, names in CHECKS.items():
            for name in names:
                old = getattr(importlib.import_module(module), name)
                new = timed(old)
                for user in [m for n, m in sys.modules.items() if n.startswith("gno.")]:
                    if vars(user).get(name) is old:
                        patch.setattr(user, name, new)
        yield spent


@pytest.mark.long
def test_checks_take_a_small_share_of_training_and_prediction(
    gno: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = generate(Darcy(nodes=450, refinement=2), tmp_path / "d.h5", 24)
    recipe = Recipe.make({"threads": 1, "model": {"name": "gkn"}, "optimization": {"epochs": 10}})
    with counted(monkeypatch) as spent:
        begun = time.process_time()
        model = train(recipe, data, tmp_path / "run").model
        training = spent[0] / (time.process_time() - begun)
    mesh = shapes.square(0.02)
    save(mesh.with_data({"permeability": np.full(mesh.num_points, 3.0)}), tmp_path / "m.vtu")
    with counted(monkeypatch) as spent:
        begun = time.process_time()
        assert gno("predict", model, tmp_path / "m.vtu", "-o", tmp_path / "p.vtu").code == 0
        predicting = spent[0] / (time.process_time() - begun)
    print(f"checks take {100 * training:.2f} % of training, {100 * predicting:.2f} % of a prediction")
    assert training < LARGEST
    assert predicting < LARGEST
