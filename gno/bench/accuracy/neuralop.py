"""FNO and GINO as neuraloperator has them. This file runs where that package is: see ``gno.bench.accuracy.package``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.learner import Item, Learner, fit
from gno.bench.accuracy.rows import of_meshes, on_all
from gno.datasets import MeshDataset
from gno.mesh import Mesh, node_volume

_WIDTH, _MODES = 32, (12, 12)


class Fourier(Learner):
    """FNO on a grid, with 12 modes and 32 channels as in its paper: Li et al. 2021, arXiv 2010.08895, section 5."""

    batch, rate = 20, 1e-3

    def __init__(self, meshes: Sequence[Mesh], names: tuple[str, str], transform: str, boundary: str) -> None:
        from neuralop.models import FNO

        super().__init__(meshes, names, transform, boundary)
        self.inner = FNO(n_modes=_MODES, in_channels=1, out_channels=1, hidden_channels=_WIDTH, domain_padding=0.125)

    @property
    def motions(self) -> Sequence[int]:
        """Those that take the grid to itself: of one with other counts along its axes half a turn and both mirrors."""
        return range(8) if self.grid.shape[0] == self.grid.shape[1] else (0, 2, 5, 7)

    def item(self, mesh: Mesh) -> Item:
        """Both fields on the grid."""
        x, y = self.grid.of(mesh, np.stack([self.seen(mesh), self.wanted(mesh)], axis=1)).T
        return Item(self._image(x), torch.empty(0), torch.as_tensor(y).float(), torch.ones(len(y)))

    def moved(self, item: Item, motion: int) -> Item:
        """Both fields, moved over the grid."""
        y = _turned(item.y.view(self.grid.shape), motion)
        return item._replace(x=_turned(item.x, motion), y=y.flatten())

    def forward(self, items: Sequence[Item]) -> list[Tensor]:
        """The second field of each, on the grid."""
        return list(self.inner(torch.cat([one.x for one in items])).flatten(start_dim=1))

    def at_nodes(self, mesh: Mesh) -> np.ndarray:
        """The second field, linear between the points of the grid."""
        found = self.inner(self._image(self.grid.of(mesh, self.seen(mesh)[:, None])[:, 0]))
        return self.grid.at(found.flatten().double().numpy(), mesh.points)

    def _image(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values).float().view(1, 1, *self.grid.shape)


class Geometric(Learner):
    """GINO: by kernels from the nodes to a grid and back, between them an FNO: Li et al. 2023, arXiv 2309.00583."""

    batch, rate = 4, 1e-3
    _SIDE, _RADIUS = 32, 0.055  # about 16 of 1,700 nodes around each point of the grid

    def __init__(self, meshes: Sequence[Mesh], names: tuple[str, str], transform: str, boundary: str) -> None:
        from neuralop.models import GINO

        super().__init__(meshes, names, transform, boundary)
        self.low = self.grid.points.min(axis=0)
        self.size = float((self.grid.points.max(axis=0) - self.low).max())
        axis = torch.linspace(0, 1, self._SIDE)
        self.latent = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1)[None]
        self.inner = GINO(
            in_channels=1, out_channels=1, latent_feature_channels=2, gno_coord_dim=2, gno_embed_channels=16,
            in_gno_radius=self._RADIUS, out_gno_radius=self._RADIUS, fno_in_channels=8,
            fno_n_modes=_MODES, fno_hidden_channels=_WIDTH, in_gno_channel_mlp_hidden_layers=[32, 32],
            out_gno_channel_mlp_hidden_layers=[32, 32], gno_use_open3d=False, gno_use_torch_scatter=False,
        )  # fmt: skip

    def item(self, mesh: Mesh) -> Item:
        """Both fields at the nodes."""
        wanted, weight = (torch.as_tensor(v).float() for v in (self.wanted(mesh), node_volume(mesh)))
        return Item(*self._cloud(mesh), wanted, weight)

    def moved(self, item: Item, motion: int) -> Item:
        """The nodes, moved about the middle of the grid."""
        places = item.places - 0.5
        places = places.flip(-1) if motion >= 4 else places
        for _ in range(motion % 4):
            places = torch.stack([-places[..., 1], places[..., 0]], dim=-1)
        return item._replace(places=0.5 + places)

    def forward(self, items: Sequence[Item]) -> list[Tensor]:
        """The second field of each, at its nodes."""
        return [self._one(item.x, item.places) for item in items]

    def at_nodes(self, mesh: Mesh) -> np.ndarray:
        """The second field at the nodes."""
        found: np.ndarray = self._one(*self._cloud(mesh)).double().numpy()
        return found

    def _one(self, x: Tensor, places: Tensor) -> Tensor:
        return self.inner(places, self.latent, places, x, latent_features=self.latent).flatten()

    def _cloud(self, mesh: Mesh) -> tuple[Tensor, Tensor]:
        places = torch.as_tensor((mesh.points - self.low) / self.size).float()
        return torch.as_tensor(self.seen(mesh)).float()[None, :, None], places[None]


def _turned(values: Tensor, motion: int) -> Tensor:
    return torch.rot90(values.transpose(-2, -1) if motion >= 4 else values, motion % 4, (-2, -1))


LEARNERS: dict[str, type[Learner]] = {"fno": Fourier, "gino": Geometric}
"""Learners by the name of the peer."""


def row(contest: Contest, peer: str, seed: int) -> dict[str, Any]:
    """Train a learner, and measure it on all meshes.

    Args:
        contest: that it takes part in.
        peer: its name.
        seed: of the run.
    """
    torch.manual_seed(seed)
    told = contest.case.one_to_one(peer)
    with MeshDataset(contest.file(), "train") as dataset:
        meshes = [sample.mesh for sample in dataset]
    learner = LEARNERS[peer](meshes, **told)
    items = [learner.item(mesh) for mesh in meshes]
    epochs = fit(learner, items, contest.seconds, seed, augment=contest.case.augment == "rigid")
    learner.eval()
    about = {"parameters": sum(p.numel() for p in learner.parameters()), "seconds": contest.seconds, "epochs": epochs}
    return {"peer": peer, "seed": seed, **about, "on": on_all(contest, of_meshes(learner.predict))}


if __name__ == "__main__":
    about, name, number, out = sys.argv[1:]
    given = json.loads(about)
    if given["threads"]:
        torch.set_num_threads(given["threads"])
    found = row(Contest(Path(given.pop("folder")), **given), name, int(number))
    Path(out).write_text(json.dumps(found))
