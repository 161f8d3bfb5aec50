"""Error bands: what split-conformal calibration promises holds, whatever the errors are distributed like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError, ModelError
from gno.mesh import Mesh, node_volume, shapes
from gno.models import Band, Operator, calibrate
from gno.models.operator.band import LEVELS, conformal_quantile


def errors_of(rng: np.random.Generator, samples: int, nodes: int = 12) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Scores at nodes with heavy tails that all nodes of a sample share, and their shares of its volume."""
    size = rng.pareto(1.5, samples)
    scores = [s * np.abs(rng.standard_cauchy(nodes)) for s in size]
    return scores, [rng.dirichlet(np.ones(nodes)) for _ in range(samples)]


def test_the_mean_share_inside_is_what_was_promised_though_the_nodes_of_a_sample_are_dependent() -> None:
    rng, inside, bounded = np.random.default_rng(0), [], []
    for _ in range(200):
        scores, shares = errors_of(rng, 39)
        band = Band.of(scores, shares, [s.max() for s in scores])
        (new,), (share,) = errors_of(rng, 1)
        inside.append([share @ (new <= width) for width in band.widths])
        bounded.append([new.max() <= bound for bound in band.bounds])
    # Never below the level, and above it by no more than 1 / (n + 1); 200 draws know it within 3 deviations.
    room = 3 * np.sqrt(np.array(band.levels) * (1 - np.array(band.levels)) / 200)
    for found in (np.mean(inside, axis=0), np.mean(bounded, axis=0)):
        assert (found >= np.array(band.levels) - room).all()
        assert (found <= np.array(band.levels) + 1 / 40 + room).all()


@given(st.integers(1, 120), st.integers(0, 2**16))
def test_a_quantile_of_one_score_a_sample_is_the_score_of_that_rank(samples: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=samples)
    for level in LEVELS:
        rank = int(np.ceil(round(level * (samples + 1), 9)))
        expected = np.sort(scores)[rank - 1] if rank <= samples else np.inf
        assert conformal_quantile(scores, np.full(samples, 1 / (samples + 1)), level) == expected


def test_a_large_mesh_is_thinned_to_a_band_that_is_hardly_wider_and_never_narrower() -> None:
    rng = np.random.default_rng(1)
    scores, shares = errors_of(rng, 40, nodes=3000)
    band = Band.of(scores, shares, np.ones(40))
    every, weight = np.concatenate(scores), np.concatenate(shares) / 41
    exact = np.array([conformal_quantile(every, weight, level) for level in band.levels])
    assert (np.array(band.widths) >= exact).all()
    assert (np.array(band.widths) <= 1.03 * exact).all()


def test_few_samples_know_few_levels() -> None:
    bands = {n: Band.of([np.ones(1)] * n, [np.ones(1)] * n, np.ones(n)) for n in (1, 8, 9, 99)}
    assert {n: band.levels for n, band in bands.items()} == {1: (0.5,), 8: (0.5, 0.8), 9: (0.5, 0.8, 0.9), 99: LEVELS}
    with pytest.raises(ConfigError, match="calibrate with 99 samples"):
        bands[9].number(0.99)
    with pytest.raises(ConfigError, match="take one of these"):
        bands[9].number(0.7)


def test_the_calibration_samples_themselves_lie_inside_as_often_as_their_number_says(
    dataset: MeshDataset, operator: Operator
) -> None:
    meshes = [sample.mesh for sample in dataset]
    band = calibrate(operator, meshes)["u"]
    assert (band.samples, band.levels) == (4, (0.5, 0.8))
    shares = []
    for mesh in meshes:
        found = operator.predict(mesh, band=0.8).point_data
        volume = node_volume(mesh)
        shares.append(volume @ (np.abs(found["u"] - mesh.point_data["u"]) <= found["u_band"]) / volume.sum())
    # 0.8 of n + 1 samples is all of 4; no node may be left outside.
    assert np.mean(shares) == pytest.approx(1.0)


def test_a_band_grows_with_the_prediction_and_vanishes_where_that_does(dataset: MeshDataset) -> None:
    operator = Operator.from_dataset(dataset, "gcn", width=4, depth=2, boundary="zero")
    mesh = dataset[0].mesh
    assert "u_band" not in operator.predict(mesh).point_data
    operator.bands = {"u": Band(99, LEVELS, (1.0, 2.0, 3.0, 4.0, 5.0), (1.0,) * 5)}
    found = operator.predict(mesh).point_data
    volume, u, band = node_volume(mesh), found["u"], found["u_band"]
    size = np.sqrt(volume @ u**2 / volume.sum())
    assert band.max() < 3 * size
    assert band[mesh.boundary_nodes].max() < 4e-3 * size
    assert operator.predict(mesh, band=0.99).point_data["u_band"] == pytest.approx(band * 5 / 3)


def test_bands_travel_in_the_model_file_and_a_file_without_them_is_as_before(
    dataset: MeshDataset, operator: Operator, tmp_path: Path
) -> None:
    operator.save(tmp_path / "plain.safetensors")
    assert b'"bands' not in (tmp_path / "plain.safetensors").read_bytes().replace(b"\\", b"")
    calibrate(operator, (sample.mesh for sample in dataset))
    operator.save(tmp_path / "m.safetensors")
    assert Operator.load(tmp_path / "m.safetensors").bands == operator.bands
    with pytest.raises(ConfigError, match="a band has levels"):
        Band(3, (0.5, 0.8), (1.0, 0.5), (1.0, 1.0))
    operator.bands = {"u": operator.bands["u"], "v": operator.bands["u"]}
    operator.save(tmp_path / "foreign.safetensors")
    with pytest.raises(ModelError, match="'v'"):
        Operator.load(tmp_path / "foreign.safetensors")


def test_a_level_is_refused_before_anything_is_computed(operator: Operator, dataset: MeshDataset) -> None:
    with pytest.raises(ConfigError, match="the model is not calibrated"):
        operator.predict(shapes.square(0.5), band=0.9)  # it has no fields, which would be the next error
    with pytest.raises(DataError, match="no sample"):
        calibrate(operator, list[Mesh]())
    assert operator.bands == {}
