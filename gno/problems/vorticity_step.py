"""Steps of a flow on the torus from what the nodes of a grid know, differentiably."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from gno.problems.fourier import Modes
from gno.problems.lawson import Lawson
from gno.problems.torus_grid import TorusGrid
from gno.problems.vorticity import VorticityEquation

Fields = Mapping[str, Tensor]
"""Name to values ``(samples, nodes, components)``."""
_MOST = 512  # steps in a span: a flow that asks for more is lost, and its errors say so


class VorticityStep:
    r"""The spectral solver on the grid of the nodes: some Runge-Kutta steps for each step of a model.

    It carries the waves with :math:`|k| < n / 3` of a grid of ``n`` by ``n`` points, so that no product aliases; the
    others are cut off. How many steps a span takes follows from the Courant number of each state at its beginning.
    A gradient goes through all of them.

    Args:
        grid: of the nodes.
        viscosity: kinematic.
        courant: Courant number that steps are chosen for.

    Example:
        >>> import numpy as np
        >>> x, y = np.meshgrid(np.arange(8) / 8, np.arange(8) / 8, indexing="ij")
        >>> flow = VorticityStep(TorusGrid(np.stack([x.ravel(), y.ravel()], axis=1)), viscosity=0.1)
        >>> wave = torch.from_numpy(np.sin(2 * np.pi * x).reshape(1, 64, 1))  # a single wave only decays
        >>> given = {"force": torch.zeros(1, 64, 1, dtype=torch.float64)}
        >>> after = flow.advance({"vorticity": wave}, given, torch.tensor([0.5], dtype=torch.float64))
        >>> rate = torch.exp(torch.tensor(-0.05 * (2 * torch.pi) ** 2))
        >>> sorted(after), bool((after["vorticity"] - rate * wave).abs().max() < 1e-6)
        (['velocity', 'vorticity'], True)
    """

    def __init__(self, grid: TorusGrid, *, viscosity: float, courant: float = 0.8) -> None:
        self.grid, self.viscosity, self.courant = grid, viscosity, courant
        self.modes = Modes(grid.num, 2)
        self._flow = VorticityEquation(grid.num, viscosity=viscosity)

    def advance(self, state: Fields, given: Fields, steps: Float[Tensor, " samples"]) -> dict[str, Tensor]:
        """Vorticity and velocity a step later.

        Args:
            state: with ``vorticity``.
            given: with ``force``, which stands still.
            steps: length of the step of each sample.
        """
        w, force = self._waves(state["vorticity"]), self._waves(given["force"])
        return self._fields(self._after(self._flow, w, force, steps.double()))

    def admitted(self, state: Fields, near: Fields) -> dict[str, Tensor]:
        """The flow that is nearest to a state: of the waves that are carried, with the mean vorticity of another state.

        Args:
            state: with ``vorticity``; a velocity is that which belongs to it.
            near: whose mean is kept.
        """
        w, kept = self._waves(state["vorticity"]), self._waves(near["vorticity"])
        return self._fields(torch.where(self.modes.square == 0, kept, w))

    def march(
        self, first: Fields, given: Fields, steps: Sequence[float], *, finer: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """What the solver makes of a first state, step by step, at the nodes.

        Args:
            first: state, with ``vorticity``.
            given: with ``force``.
            steps: their lengths.
            finer: how many times as many points along each axis the solver has; its waves are kept between steps.
        """
        flow = VorticityEquation(finer * self.grid.num, viscosity=self.viscosity)
        w, force = (flow.modes.taken_from(self._waves(u)) for u in (first["vorticity"], given["force"]))
        for step in steps:
            w = self._after(flow, w, force, torch.full((len(w),), step, dtype=torch.float64))
            yield self._fields(self.modes.taken_from(w))

    def _after(
        self, flow: VorticityEquation, w: Complex[Tensor, "samples n half"], force: Tensor, steps: Tensor
    ) -> Complex[Tensor, "samples n half"]:
        """Each sample in as many equal steps as its own Courant number asks for: none depends on the others."""
        with torch.no_grad():
            wanted = steps * flow.courant_numbers(w) / self.courant
            count = torch.ceil(torch.nan_to_num(wanted, nan=_MOST)).clamp(1, _MOST).long()
        order = torch.argsort(count, descending=True, stable=True)
        length = (steps / count)[order, None, None]
        w, force, done = w[order], force[order], 0
        linear = -self.viscosity * flow.modes.square
        for num in range(len(w), 0, -1):
            more, done = int(count[order[num - 1]]) - done, int(count[order[num - 1]])
            if more:
                w = torch.cat([_stepped(flow, w[:num], force[:num], linear, length[:num], more), w[num:]])
        return w[torch.argsort(order)]

    def _waves(self, values: Float[Tensor, "samples nodes 1"]) -> Complex[Tensor, "samples n half"]:
        return self.modes.transform(self.grid.on_grid(values[..., 0].double()))

    def _fields(self, w: Complex[Tensor, "samples n half"]) -> dict[str, Tensor]:
        waves = torch.cat([w.unsqueeze(-3), self._flow.velocity(w)], dim=-3)
        values = self.grid.at_nodes(self.modes.values(waves)).transpose(-2, -1)
        return {"vorticity": values[..., :1], "velocity": values[..., 1:]}


def _stepped(
    flow: VorticityEquation, w: Tensor, force: Tensor, linear: Tensor, length: Tensor, count: int
) -> Complex[Tensor, "samples n half"]:
    nothing = w.real.new_zeros(())
    step = Lawson(linear, lambda v: (force + flow.transport(v), nothing), length)
    for _ in range(count):
        w, _ = step(w)
    return w
