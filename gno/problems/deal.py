"""Which samples stand on which mesh, and which meshes are held out for the test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gno.errors import ConfigError

Part = Literal["all", "train", "test"]


@dataclass(frozen=True)
class Deal:
    """Deals meshes to the splits evenly, whatever the number of samples: of 240 meshes at 1/6 just 40 are for the test.

    Args:
        test_fraction: share of the meshes held out.
        samples_per_mesh: samples on each mesh.
        part: count all samples, or those of one split only.

    Raises:
        ConfigError: a share or number that cannot be.

    Example:
        >>> [Deal(1 / 3, 1, "all").mesh(i) for i in range(3)], [Deal(1 / 3, 1, "test").mesh(i) for i in range(3)]
        ([(0, 'train'), (1, 'train'), (2, 'test')], [(2, 'test'), (5, 'test'), (8, 'test')])
    """

    test_fraction: float
    samples_per_mesh: int
    part: Part

    def __post_init__(self) -> None:
        if not 0 <= self.test_fraction <= 1:
            raise ConfigError(f"test_fraction is {self.test_fraction}", why="it must lie in [0, 1]")
        if self.samples_per_mesh < 1:
            raise ConfigError(f"samples_per_mesh is {self.samples_per_mesh}", why="a mesh has at least one sample")
        if (self.part, self.test_fraction) in (("test", 0.0), ("train", 1.0)):
            raise ConfigError(f"part is {self.part!r}", why=f"test_fraction {self.test_fraction:g} leaves it empty")

    def mesh(self, index: int) -> tuple[int, str]:
        """Number and split of the mesh of a sample.

        Args:
            index: number of the sample in its part.

        Raises:
            ConfigError: a negative number.
        """
        if index < 0:
            raise ConfigError(f"sample {index} is asked for", why="samples are numbered from 0")
        number = index // self.samples_per_mesh
        if self.part == "test":
            number = math.ceil((number + 1) / self.test_fraction - 1e-6) - 1
        elif self.part == "train":
            number += self._held_out_before_train(number)
        return number, "test" if self._held_out(number + 1) > self._held_out(number) else "train"

    def index(self, index: int) -> int:
        """Number of a sample among all samples.

        Args:
            index: number of the sample in its part.
        """
        return self.mesh(index)[0] * self.samples_per_mesh + index % self.samples_per_mesh

    def _held_out(self, meshes: int) -> int:
        return math.floor(meshes * self.test_fraction + 1e-6)

    def _held_out_before_train(self, number: int) -> int:
        """Meshes held out before the training mesh ``number``."""
        held = 0
        while held != (held := self._held_out(number + held + 1)):
            pass
        return held
