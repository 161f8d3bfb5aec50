"""Model files, checkpoints, recipes and folders with something wrong, and what reads them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

import torch

from gno.fv import AdvectionDiffusion, Diffusion, Dirichlet
from gno.mesh import load, save, shapes
from gno.models import Operator
from gno.models.file.header import sealed
from gno.training import Recipe, train
from gno.training.checkpoint import load_checkpoint
from tests.faults.fault import Case, Place, Words

RECIPE = '[model]\nname = "gkn"\n[model.options]\nwidth = 4\ndepth = 1\n[optimization]\nepochs = 1\n'


class Bomb:
    """What runs when it is unpickled: it would make a folder."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.mkdir, (Path("sprung"),)


def case(name: str, change: Callable[[bytes], bytes], says: str) -> Case:
    """Reading a model file whose bytes were changed."""
    return Case(
        name,
        lambda place: place.copy("m.safetensors", change),
        lambda path, _: Operator.load(path),
        lambda path, _: ("check", path),
        says,
    )


def header_of(change: Callable[[dict], object]) -> Callable[[bytes], bytes]:
    """The file with another description, and a seal that fits."""

    def changed(content: bytes) -> bytes:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        description = json.loads(header["__metadata__"]["gno"])
        description.pop("seal")
        change(description)
        header["__metadata__"]["gno"] = sealed(description)
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + size :]

    return changed


def flip(content: bytes) -> bytes:
    """The file with the last bit but seven flipped."""
    return content[:-1] + bytes([content[-1] ^ 1])


def run_folder(place: Place, checkpoint: bytes) -> Path:
    """A run that was begun, with a checkpoint of somebody's making."""
    run = place.folder / "run"
    run.mkdir()
    recipe = Recipe.load(place.file("r.toml", RECIPE))
    data = recipe.data.model_copy(update={"path": str(place.sound / "d.h5")})
    (run / "recipe.toml").write_text(recipe.model_copy(update={"data": data}).dumps())
    (run / "checkpoint.pt").write_bytes(checkpoint)
    return run / "checkpoint.pt"


def checkpoint(name: str, content: Callable[[], bytes], says: str) -> Case:
    """Going on from a checkpoint."""

    def words(path: Path, place: Place) -> Words:
        return ("train", place.folder / "r.toml", "--data", place.sound / "d.h5", "-o", path.parent, "--resume")

    return Case(name, lambda s: run_folder(s, content()), lambda path, _: load_checkpoint(path), words, says)


def with_code() -> bytes:
    """What ``torch.save`` makes of an object."""
    import io

    buffer = io.BytesIO()
    torch.save({"layout": "gno-checkpoint", "format": 2, "state": Bomb()}, buffer)
    return buffer.getvalue()


def recipe(name: str, text: str, says: str, *override: str) -> Case:
    """Training by a recipe."""

    def words(path: Path, place: Place) -> Words:
        options = [word for o in override for word in ("--set", o)]
        return ("train", path, "--data", place.sound / "d.h5", "-o", place.folder / "run", *options)

    return Case(name, lambda s: s.file("r.toml", text), lambda path, _: Recipe.load(path, override), words, says)


def trained(name: str, says: str, *optimization: str) -> Case:
    """Training to the end with other options of the optimization."""
    options = [f"optimization.{option}" for option in optimization]

    def api(path: Path, place: Place) -> object:
        return train(Recipe.load(path, options), place.sound / "d.h5", place.folder / "run")

    return Case(name, lambda s: s.file("r.toml", RECIPE), api, recipe(name, RECIPE, says, *options).words, says)


def run(name: str, make: Callable[[Place], Path], says: str) -> Case:
    """Training into a folder."""

    def api(path: Path, place: Place) -> object:
        return train(Recipe.load(place.file("r.toml", RECIPE)), place.sound / "d.h5", path)

    def words(path: Path, place: Place) -> Words:
        return ("train", place.file("r.toml", RECIPE), "--data", place.sound / "d.h5", "-o", path)

    return Case(name, make, api, words, says)


def inside_a_file(place: Place) -> Path:
    """A folder that would lie in a file."""
    return place.file("file", "") / "run"


def with_notes(place: Place) -> Path:
    """A folder with something in it."""
    (place.folder / "notes").mkdir()
    (place.folder / "notes" / "mine.txt").write_text("mine")
    return place.folder / "notes"


def held(place: Place) -> Path:
    """A folder that another run writes to, until this process ends."""
    folder = place.folder / "run"
    folder.mkdir()
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    return folder


def unsmooth(place: Place) -> Path:
    """A mesh for two streams between which nothing smooths."""
    save(shapes.square(0.06), place.folder / "m.vtu")
    return place.folder / "m.vtu"


def stirred(path: Path, _: Place) -> object:
    """A step from one stream to the other."""
    field = AdvectionDiffusion(load(path), {"left": Dirichlet(1.0), "*": Dirichlet(0.0)})
    return field.solve(torch.tensor([1.0, 0.5], dtype=torch.float64), 0.0)


def stirred_words(path: Path, place: Place) -> Words:
    """The same by command."""
    medium = ("--set", "velocity=1,0.5", "--set", "diffusivity=0", "--bc", "left=dirichlet:1", "--bc", "*=dirichlet")
    return ("solve", "advection-diffusion", path, "-o", place.folder / "s.vtu", *medium)


def unheld(path: Path, _: Place) -> object:
    """A field that is known up to a constant."""
    mesh = load(path)
    from gno.fv import Neumann

    return Diffusion(mesh, dict.fromkeys(mesh.boundary, Neumann(0.0))).solve(1.0, 1.0)


def unheld_words(path: Path, place: Place) -> Words:
    """The same by command."""
    return ("solve", "darcy", path, "-o", place.folder / "s.vtu", "--bc", "*=neumann")


def accents(place: Place) -> Path:
    """A path with spaces and accents."""
    (place.folder / "a b ü").mkdir()
    return place.file("a b ü/m.su2", (place.sound / "bare.su2").read_bytes())


def on_device(name: str) -> Case:
    """Prediction on a device that is not there."""
    from gno.training.environment import as_device

    def words(path: Path, place: Place) -> Words:
        return ("predict", path, place.sound / "full.vtu", "-o", place.folder / "p.vtu", "--device", name)

    return Case(name, lambda s: s.copy("m.safetensors"), lambda _p, _s: as_device(name), words, name)
