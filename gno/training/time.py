"""The section of a recipe that says how a model learns to go on in time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gno.training.section import Section


class Time(Section):
    """The section ``[time]`` of a recipe, for trajectories.

    Args:
        strides: how many instants a step spans: one of them at random for each window, so that the network learns steps
            of several lengths; the first is that of validation.
        windows: windows that each trajectory gives in an epoch, beginning anywhere in it.
        horizon: steps of the rollout whose error is made small, at the end of the training; it grows from 1 in equal
            parts of the run. Memory grows with it.
        pushforward: steps before those, without gradient: the network learns from states that it made itself.
            Source: Brandstetter et al. 2022, arXiv 2202.03376, section 3.1.
        noise: deviation of the noise on the first state, in deviations of each field; given nodes get none.
            Source: Sanchez-Gonzalez et al. 2020, arXiv 2002.09405, section 4.3.
        predict: ``change`` over a step, or the next ``state``.
        fixed: patches whose nodes take the values of the trajectory; ``*`` is the whole outer boundary.
        fixed_fields: fields that do so there, as the velocity on a wall; all without them.
        valid_steps: steps of the rollouts that validate; fewer where a trajectory ends before.

    Example:
        >>> [Time(horizon=3).horizon_after(epoch / 6) for epoch in range(6)]
        [1, 1, 2, 2, 3, 3]
    """

    strides: list[Annotated[int, Field(ge=1)]] = Field(default=[1], min_length=1)
    windows: Annotated[int, Field(ge=1)] = 4
    horizon: Annotated[int, Field(ge=1)] = 1
    pushforward: Annotated[int, Field(ge=0)] = 0
    noise: Annotated[float, Field(ge=0)] = 0.0
    predict: Literal["change", "state"] = "change"
    fixed: list[str] = Field(default=[])
    fixed_fields: list[str] = Field(default=[])
    valid_steps: Annotated[int, Field(ge=1)] = 20

    def horizon_after(self, share: float) -> int:
        """Steps of the rollout in an epoch.

        Args:
            share: of the run, that was done when the epoch began.
        """
        return min(1 + int(self.horizon * share + 1e-9), self.horizon)  # a third of 3 is 1, rounded or not
