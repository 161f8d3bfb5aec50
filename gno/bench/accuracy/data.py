"""The files of a contest: made where they are not there yet."""

from __future__ import annotations

from gno.bench.accuracy.contest import Contest
from gno.datasets import MeshDataset
from gno.errors import ConfigError
from gno.files import make_folder
from gno.problems import generate
from gno.problems.registry import family_of
from gno.training.progress import Event, Progress


def make_data(contest: Contest, tell: Progress) -> None:
    """Write the training samples, and the same test problems on other meshes.

    Args:
        contest: whose files they are.
        tell: told after every sample.

    Raises:
        ConfigError: a file is there, of another problem or another number of samples.
        ResourceError: the disk is full.
    """
    case = contest.case
    make_folder(contest.folder / "data")
    wanted = {"": (case.problem_on(1.0), case.samples)}
    wanted |= {mesh: (case.problem_on(share, "test"), case.tests) for mesh, share in case.meshes.items()}
    for mesh, (problem, number) in wanted.items():
        path, stage = contest.file(mesh), f"data{' ' + mesh if mesh else ''}"
        if path.exists():
            with MeshDataset(path) as dataset:
                if family_of(dataset.attributes) != problem or len(dataset) != number:
                    raise ConfigError(
                        f"{path} is another dataset",
                        why=f"it has {len(dataset)} samples of {dataset.attributes.get('generator', 'its own')}",
                        fix="give another folder, or remove it",
                    )
            continue

        def told(done: int, total: int, stage: str = stage) -> None:
            tell(Event(stage, done, total, milestone=True))

        generate(problem, path, number, workers=contest.workers, progress=told)
