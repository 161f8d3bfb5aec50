import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.errors import DataError
from gno.graph import Hierarchy, multilevel_graph
from gno.models import MGKN
from gno.models.exported import export

# In processes of their own: the first without the checks of shapes that wrap each function in these tests, the second
# without this library.
EXPORT = """
import sys
from pathlib import Path

import numpy as np
import torch

from gno.datasets import FieldSpec, Normalizer
from gno.graph import Hierarchy, multilevel_graph
from gno.mesh import shapes
from gno.models import GKN, MGKN, MeshGraphNet, MultipoleOperator, Operator, Propagator
from gno.models.features.channel import Channel
from gno.models.exported import export, export_inputs
from gno.models.features.geometry import Geometry

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
folder = Path(sys.argv[1])
options = {"width": 4, "aggregation": "quadrature"}


def graph(points, spacing, radius):
    pos = torch.rand(points, 2)
    return multilevel_graph(pos, Hierarchy.build(pos, spacing=spacing, radius=radius), x=torch.randn(points, 3))


def mesh(size):
    square = shapes.square(size)
    return square.with_data({"a": 1 + np.random.default_rng(0).random(square.num_points)})


def write(name, model, small, large, expected):
    torch.export.save(export(model, small), folder / f"{name}.pt2")
    torch.save((export_inputs(model, large), expected(large).detach()), folder / f"{name}.pt")


for name, model, spacing in (
    ("gkn", GKN(3, 2, radius=(0.3,), width=4, depth=2, kernel=options), ()),
    ("mgkn", MGKN(3, 2, radius=(0.3, 0.5, 0.9), width=4, cycles=2, kernel=options, block="mgkn"), (0.2, 0.4)),
    ("multipole", MultipoleOperator(3, 2, radius=(0.3, 0.5), width=4, cycles=1, slices=3, kernel=options), (0.2,)),
):
    small, large = (graph(points, spacing, model.arguments["radius"]) for points in (40, 150))
    write(name, model, small, large, model)
a, u = (
    Channel(FieldSpec(name, role=role), Normalizer((1.0,), (2.0,), transform), (0.0,), (1.0,))
    for name, role, transform in (("a", "input", "log"), ("u", "target", "none"))
)
level = Geometry(dim=2, spacing=(), radius=(0.2,))
network = MeshGraphNet(3, 1, radius=(0.2,), width=4, depth=2, kernel=options)
operator = Operator(network, [a], [u], level)
graphs = map(operator.graph, (mesh(0.2), mesh(0.1)))
write("meshgraphnet", operator, *graphs, lambda graph, operator=operator: operator.decode(operator(graph)))
geometry = Geometry(dim=2, spacing=(0.3,), radius=(0.2, 0.75), features=("boundary_distance", "coordinates"))
network = MGKN(1 + geometry.num_features, 1, radius=geometry.radius, width=4, cycles=1, kernel=options)
operator = Operator(network, [a], [u], geometry, boundary="zero")
small, large = operator.graph(mesh(0.2)), operator.graph(mesh(0.1))
write("operator", operator, small, large, lambda graph: operator.decode(operator(graph)))
tau, u_in, change = (
    Channel(FieldSpec(name, role=role), Normalizer((mean,), (0.5,), transform), (0.1,), (0.2,))
    for name, role, mean, transform in (
        ("time_step", "input", -2.0, "log"), ("u", "input", 0.0, "none"), ("u_next", "target", 0.1, "none")
    )
)
for name, still in (("propagator", [a]), ("unforced", [])):
    levels = Geometry(dim=2, spacing=(0.3,), radius=(0.2, 0.75), features=("boundary_distance", "coordinates"))
    seen = len(still) + 2 + levels.num_features
    network = MGKN(seen, 1, radius=levels.radius, width=4, cycles=1, kernel=options)
    propagator = Propagator(Operator(network, [*still, u_in, tau], [change], levels), [u_in], fixed=["*"])

    def at(size):
        square = mesh(size)
        return propagator.at(propagator.graph(square), torch.from_numpy(square.points[:, :1]).sin(), 0.15)

    def second(graph):
        state = torch.from_numpy(mesh(0.1).points[:, :1]).sin()
        return list(propagator.rollout(graph, state, [0.15, 0.15]))[-1]

    write(name, propagator, at(0.2), at(0.1), second)
"""

SERVE = """
import sys
from pathlib import Path

sys.modules["gno"] = None
import torch

for name in ("gkn", "mgkn", "multipole", "meshgraphnet", "operator", "propagator", "unforced"):
    tensors, expected = torch.load(Path(sys.argv[1], f"{name}.pt"))
    program = torch.export.load(Path(sys.argv[1], f"{name}.pt2")).module()
    served = program(tensors)
    if "state" in tensors:  # a second step
        served = program(tensors | {"state": served})
    torch.testing.assert_close(served, expected, rtol=1e-12, atol=1e-13)
"""


@pytest.mark.slow
def test_programs_serve_other_graphs_without_this_library(tmp_path: Path) -> None:
    for script in (EXPORT, SERVE):
        done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_graph_of_one_coarse_node_is_refused() -> None:
    pos = torch.from_numpy(np.random.default_rng(0).random((9, 2)))
    graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(2.0,)), x=torch.zeros(9, 1))
    with pytest.raises(DataError, match="nodes_1 has 1 entries"):
        export(MGKN(1, 1, radius=(0.3, 1.0), width=4, cycles=1), graph)
