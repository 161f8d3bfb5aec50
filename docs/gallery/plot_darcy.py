r"""
From a PDE to a field on a mesh never seen
==========================================

The whole road, small enough to run while this page is built: make a dataset, train an operator, predict.
``make demo`` walks it at full size, from the command line.

We solve Darcy's law :math:`-\nabla \cdot (a \nabla u) = 1`, with :math:`u = 0` on the boundary, for random media
:math:`a` on random shapes.
"""

# %%
# A dataset
# ---------
# ``Darcy`` draws a shape, meshes it, draws a medium of two phases, and solves on a mesh three times finer. Sample ``i``
# depends on the options, the seed and ``i`` alone; every sixth one is held out to test.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from gno import MeshDataset, Operator, Recipe, shapes, train
from gno.mesh import node_volume
from gno.problems import Darcy, generate

folder = Path(tempfile.mkdtemp())
problem = Darcy(nodes=100, shapes=("square", "l_shape"), held_out=(), field_nodes=1000, seed=1)
data = generate(problem, folder / "darcy.vtkhdf", 48)
dataset = MeshDataset(data)
print(len(dataset), "samples:", {name: len(rows) for name, rows in dataset.splits.items()})

# %%
# Two of them. The pressure :math:`u` builds up where the medium is tight (dark) and wide.


def draw(axis, mesh, values, title, limits=None, colors="viridis"):
    """A field at the nodes of a mesh, with its edges and a color bar."""
    low, high = limits or (values.min(), values.max())
    where = (*mesh.points.T, mesh.cells["triangle"])
    shown = axis.tripcolor(*where, values, shading="gouraud", cmap=colors, vmin=low, vmax=high, rasterized=True)
    axis.triplot(*where, color="white", linewidth=0.3, alpha=0.35)
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_aspect("equal")
    axis.set_axis_off()
    bar = axis.figure.colorbar(shown, ax=axis, shrink=0.85, aspect=22, pad=0.03, ticks=MaxNLocator(5))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8)


figure, axes = plt.subplots(2, 2, figsize=(7.4, 6.2), layout="constrained")
for row, index in zip(axes, (0, 1)):
    mesh = dataset[index].mesh
    draw(row[0], mesh, mesh.point_data["permeability"], "permeability a", colors="cividis")
    draw(row[1], mesh, mesh.point_data["u"], "pressure u")

# %%
# Training
# --------
# A recipe says which network, and how long. The learned kernels see offsets and distances in physical units, not node
# numbers: the operator is a function of space. ``boundary="zero"`` makes the prediction vanish where ``u`` does, and
# ``augment="rigid"`` rotates every sample at random, since the equation knows no direction.
recipe = Recipe.make(
    {
        "model": {
            "name": "mgkn",
            "options": {
                "width": 16,
                "cycles": 2,
                "kernel": {"width": 16, "aggregation": "quadrature"},
                "geometry": {"features": ["boundary_distance"]},
                "transforms": {"permeability": "log"},
                "boundary": "zero",
            },
        },
        "data": {"augment": "rigid", "valid_share": 0.0},
        "optimization": {"epochs": 20, "batch_size": 2, "learning_rate": 1e-2},
    }
)
run = train(recipe, data, folder / "run")
print(f"mean relative error over the training samples, last epoch: {run.history[-1]['train_loss']:.3f}")

# %%
# The rows of ``run.history`` also stand in ``run/metrics.csv``, one an epoch.
figure, axis = plt.subplots(figsize=(5.2, 2.6), layout="constrained")
axis.plot([row["epoch"] for row in run.history], [row["train_loss"] for row in run.history], marker="o", ms=3.5)
axis.set(xlabel="epoch", ylabel="relative error in L2", ylim=(0, None))
axis.xaxis.set_major_locator(MaxNLocator(integer=True))
axis.spines[["top", "right"]].set_visible(False)
axis.grid(alpha=0.25)

# %%
# Prediction
# ----------
# A disk, on a mesh of four times the nodes: no training sample was one. The operator takes any mesh that carries the
# field ``permeability``.
operator = Operator.load(run.model)
mesh = shapes.disk(0.05, radius=0.5)
x, y = mesh.points.T
mesh = mesh.with_data({"permeability": np.where(x + 0.3 * np.sin(6 * y) > 0, 12.0, 3.0)})
predicted = operator.predict(mesh)
solved = problem.solve(mesh)


def relative_error(u):
    """Of a field, in L2, against the finite-volume solver; the volumes of the nodes are the weights."""
    truth, weight = solved.point_data["u"], node_volume(mesh)
    return float(np.sqrt(weight @ (u - truth) ** 2 / (weight @ truth**2)))


error, baseline = relative_error(predicted.point_data["u"]), relative_error(problem.baseline(mesh))
print(f"{mesh.num_points} nodes")
print(f"relative L2 error of the operator: {error:.3f}")
print(f"of the solution with the mean permeability: {baseline:.3f}")

# %%
# The operator has learned what the medium does: it comes far nearer than the solution that knows only the mean of
# :math:`a`. Forty samples and some seconds of training carry no further; the demo trains on two hundred, on finer
# meshes, and its ``evaluation/report.html`` puts the operator, the plain solver and this baseline in one table.
u, truth = predicted.point_data["u"], solved.point_data["u"]
highest, largest = max(u.max(), truth.max()), np.abs(u - truth).max()
figure, axes = plt.subplots(1, 4, figsize=(12.4, 2.9), layout="constrained")
draw(axes[0], mesh, mesh.point_data["permeability"], "permeability a", colors="cividis")
draw(axes[1], mesh, truth, "u, finite volumes", (0, highest))
draw(axes[2], mesh, u, "u, operator", (0, highest))
draw(axes[3], mesh, u - truth, "operator − finite volumes", (-largest, largest), "RdBu_r")

# %%
# How far to trust it
# -------------------
# Every prediction carries ``distance_from_training``, which is 0 at nodes whose inputs lie in the ranges seen in
# training. And the residual says by how much a field misses the equation in each cell, per unit volume, where the
# source is 1. It is the sharper judge: a field near to the solution need not have second derivatives near to those of
# the solution.
print("nodes outside the training ranges:", int((predicted.point_data["distance_from_training"] > 0).sum()))
for name, field in {"operator": predicted, "finite volumes": solved}.items():
    print(f"median residual of the {name}: {np.median(np.abs(problem.residual(field))):.2f}")
