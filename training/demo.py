"""The main job, once: make a dataset, train an operator, evaluate it, predict on a mesh it has never seen.

Run by ``make demo``. Each step is a command of ``gno``, printed as it is run; what was made before is used again.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from gno.fv import Diffusion, Dirichlet, cells_to_nodes
from gno.mesh import cell_centroid, load, node_volume, refine, save, shapes
from gno.problems.coefficient import two_phase
from gno.problems.random_field import mesh_field

HERE = Path(__file__).resolve().parent
RECIPE = HERE / "darcy.toml"
OUT = Path("runs/demo")
SAMPLES, NODES, TEST_SHARE, WORKERS = 240, 450, 1 / 6, 2
EDGE = 0.0277  # of the unseen mesh: three times the nodes of a training mesh


def main() -> None:
    """Walk the road and print where it led."""
    begun = time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    data, finer, run = OUT / "darcy.h5", OUT / "finer.h5", OUT / "run"
    if not data.exists():
        gno("generate", "darcy", "-o", data, "-n", SAMPLES, "--workers", WORKERS, "--set", f"nodes={NODES}")
    gno("check", data)
    gno("train", RECIPE, "--data", data, "-o", run, "--resume")
    model = run / "model.safetensors"
    gno("evaluate", model, data, "-o", OUT / "evaluation")
    if not finer.exists():  # the same test problems, on meshes of three times the nodes
        finer_options = ("--set", f"nodes={3 * NODES}", "--set", "part=test")
        gno("generate", "darcy", "-o", finer, "-n", round(SAMPLES * TEST_SHARE), "--workers", WORKERS, *finer_options)
    gno("evaluate", model, finer, "-o", OUT / "evaluation_finer")
    make_unseen_mesh(OUT / "unseen.msh")
    gno("predict", model, OUT / "unseen.msh", "-o", OUT / "prediction.vtu")
    metrics = collect() | {"minutes": (time.monotonic() - begun) / 60}
    (OUT / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    report(metrics)


def gno(*arguments: object) -> None:
    """Run a command of ``gno``, and stop where it fails."""
    words = [str(argument) for argument in arguments]
    print(f"\n$ gno {shlex.join(words)}", flush=True)
    done = subprocess.run([str(Path(sys.executable).with_name("gno")), *words], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def make_unseen_mesh(path: Path) -> None:
    """Write a mesh of a T with a round hole, with a random two-phase permeability; and its solution beside it."""
    corners = [
        (-0.6, 0.15),
        (-0.2, 0.15),
        (-0.2, -0.6),
        (0.25, -0.6),
        (0.25, 0.15),
        (0.6, 0.15),
        (0.6, 0.6),
        (-0.6, 0.6),
    ]
    mesh = shapes.polygon(corners, EDGE, holes=[(0.0, 0.3, 0.1)], seed=7)
    fine = refine(mesh, 3)
    field = mesh_field(mesh, np.random.default_rng(7))
    permeability, walls = two_phase(field(cell_centroid(fine))), {"*": Dirichlet(0.0)}
    solution = Diffusion(fine, walls).solve(permeability, 1.0)
    u = cells_to_nodes(fine, solution.u, solution.gradient, walls)[: mesh.num_points].numpy()
    save(mesh.with_data({"permeability": two_phase(field(mesh.points))}), path)
    save(mesh.with_data({"u": u}), path.with_name("unseen_solution.vtu"))


def collect() -> dict[str, float]:
    """The figures of all steps."""
    test, finer = (json.loads((OUT / name / "metrics.json").read_text()) for name in ("evaluation", "evaluation_finer"))
    predicted, truth = load(OUT / "prediction.vtu"), load(OUT / "unseen_solution.vtu").point_data["u"]
    weight, error = node_volume(predicted), predicted.point_data["u"] - truth
    own = ("relative_l2", "baseline_relative_l2", "solver_relative_l2", "seconds", "solver_seconds")
    return {
        **{name: test[name] for name in own},
        "finer_relative_l2": finer["relative_l2"],
        "finer_ratio": finer["relative_l2"] / test["relative_l2"],
        "finer_solver_relative_l2": finer["solver_relative_l2"],
        "unseen_nodes": predicted.num_points,
        "unseen_relative_l2": float(np.sqrt(weight @ error**2 / (weight @ truth**2))),
    }


def report(metrics: dict[str, float]) -> None:
    """Print the table, and the files to look at."""
    rows = {
        "operator, unseen shapes": "relative_l2",
        "operator, the same at 3x the nodes": "finer_relative_l2",
        f"operator, a T with a hole, {metrics['unseen_nodes']} nodes": "unseen_relative_l2",
        "solution with the mean permeability": "baseline_relative_l2",
        "finite-volume solver on the same mesh": "solver_relative_l2",
        "finite-volume solver at 3x the nodes": "finer_solver_relative_l2",
    }
    print(f"\n{'relative L2 error':<44}")
    for name, key in rows.items():
        print(f"  {name:<42}{metrics[key]:8.4f}")
    print(f"{metrics['minutes']:.1f} minutes\n")
    for name in ("prediction.png", "prediction.vtu", "run/report.html", "evaluation/report.html", "metrics.json"):
        print(f"  {OUT / name}")


if __name__ == "__main__":
    main()
