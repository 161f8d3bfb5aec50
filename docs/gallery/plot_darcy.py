r"""
From a PDE to a field on a mesh never seen
==========================================

The whole road, small enough to run while this page is built: make a dataset, train an operator, predict.
``make demo`` walks it at full size.

We solve Darcy's law :math:`-\nabla \cdot (a \nabla u) = 1`, with :math:`u = 0` on the boundary, for random media
:math:`a` on random shapes.
"""

# %%
# A dataset
# ---------
# ``Darcy`` draws a shape, meshes it, draws a medium, and solves on a mesh three times finer. Sample ``i`` depends on
# the seed and on ``i`` alone.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gno import MeshDataset, Operator, Recipe, shapes, train
from gno.mesh import node_volume
from gno.problems import Darcy, generate

folder = Path(tempfile.mkdtemp())
problem = Darcy(nodes=150, shapes=("square", "l_shape"), held_out=(), seed=1)
data = generate(problem, folder / "darcy.h5", 24)
dataset = MeshDataset(data)
print(len(dataset), "samples:", {name: len(rows) for name, rows in dataset.splits.items()})

# %%
# Two of them: where the medium is permeable, the pressure is low.
figure, axes = plt.subplots(2, 2, figsize=(7, 6), layout="constrained")
for row, index in zip(axes, (0, 1)):
    mesh = dataset[index].mesh
    for axis, name in zip(row, ("permeability", "u")):
        shown = axis.tripcolor(*mesh.points.T, mesh.cells["triangle"], mesh.point_data[name], shading="gouraud")
        axis.set(title=name, aspect="equal")
        figure.colorbar(shown, ax=axis)

# %%
# Training
# --------
# A recipe says which network, and how long. The learned kernels see offsets and distances in physical units, not node
# numbers: the operator is a function of space.
recipe = Recipe.make(
    {
        "model": {"name": "mgkn", "options": {"width": 16, "cycles": 2, "boundary": "zero"}},
        "data": {"augment": "rigid"},
        "optimization": {"epochs": 12, "learning_rate": 4e-3},
    }
)
run = train(recipe, data, folder / "run")
print("validation error:", run.history[-1])

# %%
# Prediction
# ----------
# A disk: no training sample was one. The operator takes any mesh that carries the field ``permeability``.
operator = Operator.load(run.model)
mesh = shapes.disk(0.07, radius=0.5)
x, y = mesh.points.T
mesh = mesh.with_data({"permeability": np.where(x + 0.3 * np.sin(6 * y) > 0, 12.0, 3.0)})
predicted = operator.predict(mesh)
solved = problem.solve(mesh)

u, truth, weight = predicted.point_data["u"], solved.point_data["u"], node_volume(mesh)
error = np.sqrt(weight @ (u - truth) ** 2 / (weight @ truth**2))
print(f"relative L2 error against the finite-volume solver: {error:.3f}")

# %%
# Twenty samples and a few seconds of training do not make a good operator; the demo's has a tenth of the error. Its
# prediction comes with the distance of every node from what was seen in training.
figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
for axis, (name, values) in zip(axes, {"solver": truth, "operator": u, "difference": u - truth}.items()):
    shown = axis.tripcolor(x, y, mesh.cells["triangle"], values, shading="gouraud")
    axis.set(title=name, aspect="equal")
    figure.colorbar(shown, ax=axis)
