"""By how much the prediction of a model changes where the mesh does and the solution does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gno.errors import ConfigError
from gno.mesh import Mesh, node_volume
from gno.mesh.used import used_part
from gno.testing.order import observed_order
from gno.testing.variations import EXACT, FINER, FINEST, Variation, variations

Fields = Mapping[str, np.ndarray]
ROUNDING = 1e-3
"""Relative change that rounding may make of float32, in deep networks."""


class Change(NamedTuple):
    """What one variation of the mesh changes, as means over samples; of several fields, of the one that changes most.

    Args:
        name: of the variation.
        nodes: of the meshes.
        change: relative difference to the prediction on the own mesh, in L2 at the nodes compared.
        allowed: the most that may be.
        error: relative error at those nodes, where the truth is known.
    """

    name: str
    nodes: float
    change: float
    allowed: float
    error: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the change is allowed."""
        return self.change <= self.allowed


class Verification(NamedTuple):
    """What was found of a model.

    Args:
        changes: of each variation.
        order: observed order of the differences between edges, half edges and quarters; nothing where there is none.
        error: relative error on the own meshes, where the truth is known.
    """

    changes: list[Change]
    order: float | None
    error: float | None

    @property
    def failed(self) -> list[Change]:
        """The variations that change more than is allowed."""
        return [change for change in self.changes if not change.holds]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        rows = [change._asdict() | {"holds": change.holds} for change in self.changes]
        return {"changes": rows, "order": self.order, "error": self.error}


def verify(
    predict: Callable[[Mesh], Fields],
    meshes: Iterable[Mesh],
    targets: Sequence[str],
    *,
    tolerance: float = 0.1,
    exact: Sequence[str] = EXACT,
    seed: int = 0,
) -> Verification:
    r"""Hold a model's predictions of the same samples on other meshes against each other.

    .. math::
        \| G_{h'}(a) - G_h(a) \| \le \epsilon\, \| G_h(a) \|

    Args:
        predict: mesh to values of the targets at its nodes.
        meshes: the samples, with inputs, and targets where they are known.
        targets: names of the fields.
        tolerance: :math:`\epsilon` where cells change.
        exact: which of the variations that move or renumber the mesh are made; ``ROUNDING`` is their tolerance.
        seed: of orders and meshes.

    Raises:
        ConfigError: no sample, or a tolerance that is not positive.

    Example:
        >>> from gno.mesh import shapes
        >>> found = verify(lambda mesh: {"u": mesh.points[:, 0] ** 2}, [shapes.square(0.1)], ["u"])
        >>> [change.name for change in found.failed]
        ['shifted']
    """
    if not tolerance > 0:
        raise ConfigError(f"tolerance is {tolerance:g}", why="it must be positive", fix="for example 0.1")
    rows: dict[str, list[tuple[float, ...]]] = {}
    steps, own = list[tuple[float, float]](), list[float]()
    for mesh in meshes:
        sample = _Sample(predict, used_part(mesh)[0], targets)
        own.append(sample.error_of_own)
        for variation in variations(sample.mesh, seed=seed):
            if variation.name in EXACT and variation.name not in exact:
                continue
            rows.setdefault(variation.name, []).append(sample.compared(variation))
        if sample.steps:
            steps.append(sample.steps)
    if not own:
        raise ConfigError("no sample to verify the model with", fix="give a mesh, or a split with samples")
    changes = [_change(name, some, ROUNDING if name in EXACT else tolerance) for name, some in rows.items()]
    halves = np.mean(steps, axis=0) if steps else np.zeros(2)
    order = observed_order([1.0, 0.5], halves.tolist()) if (halves > 0).all() else None
    return Verification(changes, order, _known(float(np.mean(own))))


class _Sample:
    """One sample, its prediction, and what its variations change."""

    def __init__(self, predict: Callable[[Mesh], Fields], mesh: Mesh, targets: Sequence[str]) -> None:
        self.predict, self.mesh, self.targets = predict, mesh, targets
        self.truth = {name: mesh.point_data[name] for name in targets if name in mesh.point_data}
        self.found = predict(mesh.without(targets))
        weight = node_volume(mesh)
        self.error_of_own = max((_relative(self.found[n], u, weight) for n, u in self.truth.items()), default=math.nan)
        self._finer: tuple[Fields, float] | None = None
        self.steps: tuple[float, float] | None = None

    def compared(self, variation: Variation) -> tuple[float, ...]:
        """Nodes, change and error of a variation."""
        found, nodes = self.predict(variation.mesh.without(self.targets)), variation.nodes
        weight = node_volume(variation.mesh)[nodes]
        values = {name: np.asarray(found[name])[nodes] for name in self.targets}

        def largest(reference: Fields) -> float:
            differences = (_relative(values[n], variation.expected(u), weight) for n, u in reference.items())
            return max(differences, default=math.nan)

        change = largest({name: self.found[name] for name in self.targets})
        if variation.name == FINER:
            self._finer = values, change
        if variation.name == FINEST and self._finer:
            self.steps = self._finer[1], largest(self._finer[0])
        return float(variation.mesh.num_points), change, largest(self.truth)


def _relative(values: np.ndarray, reference: np.ndarray, weight: np.ndarray) -> float:
    v, u = (np.asarray(x, dtype=np.float64).reshape(len(weight), -1) for x in (values, reference))
    size, difference = (float(np.sqrt(weight @ (x**2).sum(axis=1))) for x in (u, v - u))
    return difference / size if size else float(difference > 0)


def _change(name: str, rows: Sequence[tuple[float, ...]], allowed: float) -> Change:
    nodes, change, error = np.mean(rows, axis=0)
    return Change(name, float(nodes), float(change), allowed, _known(float(error)))


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number
