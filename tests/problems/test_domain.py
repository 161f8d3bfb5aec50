"""Random domains are what they say: area, perimeter, number of nodes."""

from __future__ import annotations

import numpy as np
import pytest

from gno.mesh import cell_volume, face_area, faces, quality
from gno.problems.domain import FAMILIES, draw_domain


@pytest.mark.parametrize("family", FAMILIES)
def test_area_perimeter_and_nodes(family: str) -> None:
    for seed in range(3):
        domain = draw_domain(family, np.random.default_rng(seed))
        mesh = domain.mesh(domain.edge_length(450))
        outer = faces(mesh).neighbor < 0
        assert cell_volume(mesh).sum() == pytest.approx(domain.area, rel=0.02)
        assert np.linalg.norm(face_area(mesh)[outer], axis=1).sum() == pytest.approx(domain.perimeter, rel=0.02)
        assert 380 <= mesh.num_points <= 520
        assert quality(mesh).ok


@pytest.mark.parametrize("family", FAMILIES)
def test_seeds_give_distinct_domains_and_the_same_one_again(family: str) -> None:
    first, again, other = (draw_domain(family, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.area == again.area != other.area
    assert np.array_equal(first.mesh(0.2).points, again.mesh(0.2).points)
