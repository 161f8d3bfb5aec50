"""Array types, named once; shapes are checked in every test run."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, Shaped

Points = Float[np.ndarray, "nodes dim"]
"""Coordinates of nodes."""
Connectivity = Int[np.ndarray, "_cells _corners"]
"""Node numbers of the corners of cells of one type."""
Facets = Int[np.ndarray, "_facets _corners"]
"""Node numbers of facets: edges in 2-D, polygons in 3-D, triangles among quads padded with -1."""
Field = Shaped[np.ndarray, "..."]
"""Values at nodes or cells: the first axis counts them."""
