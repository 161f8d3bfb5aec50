"""Least-squares gradients: exact for linear fields up to the boundary and across jumps, and differentiable."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.reconstruction.least_squares import Gradient, least_squares
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes
from tests.fv.meshes import MESHES, TINY, linear, plate, renumbered


def split(fv: FVMesh) -> dict[str, Tensor]:
    """Values on most patches, fluxes on the first."""
    first, *rest = fv.patches.values()
    return {"value_on": torch.cat(rest), "flux_on": first}


@pytest.mark.parametrize("name", MESHES)
def test_linear_fields_are_exact_at_every_boundary(name: str) -> None:
    fv = FVMesh.of(MESHES[name])
    g, (field, slope) = fv.geometry(), linear(fv.dim)
    outer = torch.arange(fv.num_inner, fv.num_faces)
    sides = split(fv) if len(fv.patches) > 1 else {"value_on": outer[::2], "flux_on": outer[1::2]}
    given = {"value": field(g.center[sides["value_on"]]), "flux": (g.normal @ slope)[sides["flux_on"]]}
    found = least_squares(g, **sides)(field(g.centroid), **given)
    assert (found - slope).abs().max() < 1e-12


@pytest.mark.parametrize("name", sorted(set(MESHES) - {"mixed"}))
def test_linear_fields_are_exact_on_the_dual(name: str) -> None:
    g, (field, slope) = FVMesh.of(MESHES[name], kind="dual").geometry(), linear(MESHES[name].dim)
    assert (least_squares(g)(field(g.centroid)) - slope).abs().max() < 1e-12


@pytest.mark.parametrize("name", ["perturbed", "tets", "mixed"])
def test_equals_the_least_squares_of_each_cell_across_jumps(name: str) -> None:
    fv = FVMesh.of(MESHES[name])
    torch.manual_seed(0)
    g, sides = fv.geometry(), split(fv)
    a, u = torch.rand(fv.num_cells, dtype=torch.float64) + 0.1, torch.randn(fv.num_cells, dtype=torch.float64)
    given = torch.sin(g.center[sides["value_on"], 0])
    found = least_squares(g, permeability=a, **sides)(
        u, given, torch.full((len(sides["flux_on"]),), 0.7, dtype=torch.float64)
    )
    value = dict(zip(sides["value_on"].tolist(), given))
    for cell in range(0, fv.num_cells, 3):
        rows, known = [], []
        for face in range(fv.num_faces):
            sides_of = [int(g.owner[face])] + ([int(g.neighbor[face])] if face < fv.num_inner else [])
            if cell not in sides_of:
                continue
            n = g.normal[face] if cell == sides_of[0] else -g.normal[face]
            if face < fv.num_inner:
                other = sum(sides_of) - cell
                depth = (g.centroid[other] - g.center[face]) @ n
                rows.append(g.centroid[other] - g.centroid[cell] + (a[cell] / a[other] - 1) * depth * n)
                known.append(u[other] - u[cell])
            elif face in value:
                rows.append(g.center[face] - g.centroid[cell])
                known.append(value[face] - u[cell])
            else:
                depth = (g.center[face] - g.centroid[cell]) @ n
                rows.append(depth * n)
                known.append(depth * 0.7 / a[cell])
        matrix, right = torch.stack(rows), torch.stack(known)
        root = matrix.norm(dim=1) ** -0.5
        expected = torch.linalg.lstsq(root[:, None] * matrix, (root * right)[:, None]).solution[:, 0]
        assert found[cell].numpy() == pytest.approx(expected.numpy(), abs=1e-10)


def test_a_kink_with_continuous_flux_is_exact_for_tensors() -> None:
    mesh = shapes.square(0.25, kind="structured")
    fv = FVMesh.of(mesh)
    g = fv.geometry()
    left = g.centroid[:, 0] < 0.5
    k = torch.tensor([[[2.0, 0.5], [0.5, 1.0]], [[5.0, -1.0], [-1.0, 3.0]]], dtype=torch.float64)
    slope_left = torch.tensor([1.0, 0.7], dtype=torch.float64)
    # the same derivative along the interface x = 1/2, and the same flux K grad u . n through it
    across = ((k[0] @ slope_left)[0] - k[1, 0, 1] * slope_left[1]) / k[1, 0, 0]
    slope = torch.where(left[:, None], slope_left, torch.stack([across, slope_left[1]]))
    cells = torch.where(left[:, None, None], k[0], k[1])
    at = lambda x, s: ((x - torch.tensor([0.5, 0.0], dtype=torch.float64)) * s).sum(1)  # noqa: E731
    sides = split(fv)
    value, flux = sides["value_on"], sides["flux_on"]
    through = ((cells @ slope[:, :, None])[g.owner, :, 0] * g.normal).sum(1)
    found = least_squares(g, permeability=cells, **sides)
    result = found(at(g.centroid, slope), at(g.center[value], slope[g.owner[value]]), through[flux])
    assert (result - slope).abs().max() < 1e-12


def test_scalars_and_multiples_of_the_unit_tensor_agree() -> None:
    fv = FVMesh.of(MESHES["tets"])
    torch.manual_seed(0)
    a = torch.rand(fv.num_cells, dtype=torch.float64) + 0.5
    g, sides = fv.geometry(), split(fv)
    scalar = least_squares(g, permeability=a, **sides)
    tensor = least_squares(g, permeability=a[:, None, None] * torch.eye(3, dtype=torch.float64), **sides)
    assert torch.allclose(scalar.coefficient, tensor.coefficient, atol=1e-12)
    assert torch.allclose(scalar.flux_coefficient, tensor.flux_coefficient, atol=1e-12)
    with pytest.raises(ConfigError, match=r"permeability has shape \(3,\)"):
        least_squares(g, permeability=a[:3])


def test_gradients_in_the_field_the_values_the_fluxes_the_permeability_and_the_nodes() -> None:
    fv = FVMesh.of(TINY["mixed"])
    sides = split(fv)
    torch.manual_seed(0)
    counts = fv.num_cells, len(sides["value_on"]), len(sides["flux_on"]), fv.num_cells
    u, value, flux, a = (torch.rand(n, dtype=torch.float64).add(0.5).requires_grad_() for n in counts)

    def found(x: Tensor, a: Tensor, u: Tensor, value: Tensor, flux: Tensor) -> Tensor:
        return least_squares(fv.geometry(x), permeability=a, **sides)(u, value, flux)

    points = fv.points.clone().requires_grad_()
    assert torch.autograd.gradcheck(found, (points, a, u, value, flux))
    assert torch.autograd.gradgradcheck(lambda *x: (found(*x) ** 2).sum(), (points, a, u, value, flux))


def test_gradients_in_the_nodes_in_space() -> None:
    fv = FVMesh.of(TINY["many kinds"])
    outer = torch.arange(fv.num_inner, fv.num_faces)
    torch.manual_seed(0)
    u, value = (torch.rand(n, dtype=torch.float64) for n in (fv.num_cells, len(outer)))
    points = fv.points.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: least_squares(fv.geometry(x), value_on=outer)(u, value), (points,))


def test_entries_are_the_jacobian() -> None:
    fv = FVMesh.of(MESHES["perturbed"])
    found = least_squares(fv.geometry(), **split(fv))
    row, col, value = found.entries()
    dense = torch.zeros(fv.num_cells, fv.num_cells, 2, dtype=torch.float64).index_put(
        (row, col), value, accumulate=True
    )
    u = torch.rand(fv.num_cells, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(found, u)
    assert torch.allclose(dense, jacobian.permute(0, 2, 1), atol=1e-13)
    near = {tuple(pair) for pair in fv.pairs(1).T.tolist()}
    assert {tuple(pair) for pair in torch.stack([row, col]).T.tolist()} <= near


def test_components_stand_between_cells_and_axes() -> None:
    fv = FVMesh.of(MESHES["perturbed"])
    found, u = least_squares(fv.geometry(), **split(fv)), torch.sin(3 * fv.geometry().centroid).sum(1)
    both = found(torch.stack([u, -2 * u], dim=1))
    assert both.shape == (fv.num_cells, 2, 2)
    assert torch.allclose(both[:, 1], -2 * found(u), atol=1e-13)


def test_numbers_of_nodes_and_cells_do_not_matter() -> None:
    mesh = MESHES["triangles"]
    other, _, old = renumbered(mesh, seed=5)
    u = torch.sin(5 * FVMesh.of(mesh).geometry().centroid).sum(1)

    def gradient_of(fv: FVMesh, u: Tensor) -> Tensor:
        value_on = torch.cat(list(fv.patches.values()))
        return least_squares(fv.geometry(), value_on=value_on)(u, fv.geometry().center[value_on].sum(1))

    assert torch.allclose(gradient_of(FVMesh.of(mesh), u)[old], gradient_of(FVMesh.of(other), u[old]), atol=1e-12)


def test_a_cell_whose_faces_do_not_determine_a_gradient_is_named() -> None:
    mesh = Mesh(plate(0).points, {"quad": np.array([[0, 1, 4, 3], [1, 2, 5, 4]])})
    with pytest.raises(SolverError, match=r"faces of cell 0 do not determine.*on one line"):
        least_squares(FVMesh.of(mesh).geometry())


def test_what_is_not_given_is_zero() -> None:
    fv = FVMesh.of(MESHES["perturbed"])
    found: Gradient = least_squares(fv.geometry(), **split(fv))
    u, zero = torch.rand(fv.num_cells, dtype=torch.float64), torch.zeros(99, dtype=torch.float64)
    assert torch.equal(found(u), found(u, zero[: len(found.value_cell)], zero[: len(found.flux_cell)]))
