r"""
A permeability field from fifty sensors
=======================================

Fifty sensors in a plate measure the pressure :math:`u` of a flow
:math:`-\nabla \cdot (a \nabla u) = 1`. What is the permeability :math:`a` between them? The solver of ``gno.fv`` is
differentiable, so the answer is the minimum of a function of one number a cell, found with gradients that cost less
than a solve each.
"""

# %%
# The truth, and what is measured
# -------------------------------
# A smooth random field is the logarithm of the permeability. Two flows pass through the plate, one out of its left and
# right side, one out of its bottom and top; the sensors are off by a hundredth of the mean pressure.
import matplotlib.pyplot as plt
import numpy as np
import torch

from gno import shapes
from gno.fv import Diffusion, Dirichlet, Neumann
from gno.fv.volumes.mesh import FVMesh
from gno.problems.random_field import square_field

torch.manual_seed(0)
mesh = FVMesh.of(plate := shapes.square(0.08, seed=1))
geometry = mesh.geometry()
field = square_field(1.0, np.random.default_rng(4), tau=3.0, modes=32)
truth = torch.tensor(8.0 * field(geometry.centroid.numpy()))

open_sides, wall = Dirichlet(0.0), Neumann(0.0)
flows = [
    Diffusion(mesh, {"left": open_sides, "right": open_sides, "*": wall}),
    Diffusion(mesh, {"bottom": open_sides, "top": open_sides, "*": wall}),
]
sensors = 0.04 + 0.92 * torch.rand(50, 2, dtype=torch.float64)
cell = torch.cdist(sensors, geometry.centroid).argmin(1)


def measure(log_permeability):
    """The pressure of both flows at the sensors, each continued with the gradient of the nearest cell."""
    away, readings = sensors - geometry.centroid[cell], []
    for flow in flows:
        solution = flow.solve(log_permeability.exp(), 1.0)
        readings.append(solution.u[cell] + (solution.gradient[cell] * away).sum(1))
    return torch.stack(readings)


exact = measure(truth)
noise = 0.01 * exact.mean()
data = exact + noise * torch.randn_like(exact)

# %%
# What is likely, and what fits
# -----------------------------
# Fifty numbers do not determine a thousand. Among all fields that fit we ask for the most likely one, if fields are
# white noise :math:`z` smoothed by another diffusion:
#
# .. math::
#    \log a = s \, (-\Delta + \tau^2)^{-1} z, \qquad
#    \min_z \; \frac{1}{\sigma^2} |u(z) - u_\text{measured}|^2 + |z|^2
smoother = Diffusion(mesh, {"*": Neumann(0.0)})


def log_permeability(z):
    """White noise, one number a cell, as a smooth field."""
    return 8.0 * smoother.solve(1.0, z / geometry.volume.sqrt(), reaction=9.0).u


z = torch.zeros(mesh.num_cells, dtype=torch.float64, requires_grad=True)
search = torch.optim.LBFGS([z], max_iter=80, line_search_fn="strong_wolfe", tolerance_change=1e-4)
history = []


def misfit():
    """What is minimized, with its gradient."""
    search.zero_grad()
    off = ((measure(log_permeability(z)) - data) ** 2).sum() / noise**2
    history.append(off.item() / data.numel())
    loss = off + (z**2).sum()
    loss.backward()
    return loss


search.step(misfit)
found = log_permeability(z).detach()

# %%
# The field that was found
# ------------------------
# It fits the data as well as the noise allows, and shows the large features of the truth, blurred.


def relative_error(guess):
    """L2 norm of the error over that of the truth."""
    return float(torch.sqrt(geometry.volume @ (guess - truth) ** 2 / (geometry.volume @ truth**2)))


print(f"misfit per reading, in squares of the noise: {history[0]:.1f} at the start, {history[-1]:.2f} at the end")
print(f"solves with gradient: {len(history)}")
print(f"relative error of the field: {relative_error(found):.3f}")

figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
limit = float(truth.abs().max())
for axis, values, title in zip(axes, (truth, found), ("log a, the truth", "log a from fifty sensors")):
    where = (*plate.points.T, plate.cells["triangle"])
    shown = axis.tripcolor(*where, values.numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit)
    axis.plot(*sensors.T, "k.", markersize=4)
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_aspect("equal")
    axis.set_axis_off()
figure.colorbar(shown, ax=axes, shrink=0.85)
plt.show()
