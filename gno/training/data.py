"""The section of a recipe that says on what is trained."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from gno.datasets import MeshDataset
from gno.datasets.splits import Samples
from gno.errors import ConfigError
from gno.training.section import Section
from gno.training.shelf import Shelf


class Parts(NamedTuple):
    """Numbers of samples in the file.

    Args:
        train: to train on.
        valid: to validate on; perhaps none.
    """

    train: Samples
    valid: Samples


class Data(Section):
    """The section ``[data]`` of a recipe.

    Args:
        path: dataset, where the command does not give one.
        train: split to train on.
        valid: split to validate on after every epoch.
        valid_share: share of the training meshes, with all samples on them, set aside to validate on where the file
            has no such split; of the samples, where all stand on one mesh. 0 trains on all of them, and the last
            weights are saved.
        augment: ``none``, or ``rigid``: every batch is rotated and reflected at random. For problems whose equations
            know no direction, and fields that are numbers, not vectors.
        memory: GiB of graphs that are kept.
        disk: GiB of levels and edges beyond that, once a mesh, in a temporary file (in ``TMPDIR``, of each process, at
            most half of what is free); the graphs beyond are built anew in every epoch.
        partition: each mesh is shared by all processes, instead of each batch: for meshes too large for one.
        prefetch: batches that a thread makes ahead; 0 makes each when it is needed.

    Example:
        >>> Data(augment="rigid").valid
        'valid'
    """

    path: str | None = None
    train: Literal["train", "valid", "test"] = "train"
    valid: Literal["train", "valid", "test"] = "valid"
    valid_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    augment: Literal["none", "rigid"] = "none"
    memory: Annotated[float, Field(ge=0)] = 4.0
    disk: Annotated[float, Field(ge=0)] = 16.0
    prefetch: Annotated[int, Field(ge=0, le=64)] = 2
    partition: bool = False

    def shelf(self) -> Shelf | None:
        """Where levels and edges are kept that memory does not hold; ``None`` without a disk."""
        return Shelf(self.disk) if self.disk else None

    def parts(self, dataset: MeshDataset, *, seed: int) -> Parts:
        """Which samples train and which validate.

        Args:
            dataset: the file.
            seed: of the choice, where samples are set aside.

        Raises:
            ConfigError: no samples to train on.
        """
        train = dataset.splits.get(self.train, np.zeros(0, dtype=np.int64))
        if len(train) == 0:
            have = ", ".join(f"{name} ({len(rows)})" for name, rows in dataset.splits.items())
            raise ConfigError(f"split {self.train!r} of {dataset.path} is empty", why=f"have: {have}")
        valid = dataset.splits.get(self.valid, np.zeros(0, dtype=np.int64))
        if len(valid) or self.valid_share == 0:
            return Parts(train, valid)
        mesh = dataset.tables.mesh[train]
        if len(np.unique(mesh)) == 1:  # no mesh can be held out: samples are
            mesh = train
        meshes = np.unique(mesh)
        count = min(max(round(self.valid_share * len(meshes)), 1), len(meshes) - 1)
        aside = np.isin(mesh, np.random.default_rng((seed, 2)).permutation(meshes)[:count])
        return Parts(train[~aside], train[aside])
