from collections.abc import Callable

import pytest
from numpy import ndarray

from gno.mesh import Mesh


@pytest.fixture
def grid() -> Callable[..., Mesh]:
    import numpy as np

    def make(n: int = 6, m: int = 6, *, width: float = 1.0, quads: bool = False) -> Mesh:
        x, y = np.meshgrid(np.linspace(0, width, n + 1), np.linspace(0, 1, m + 1), indexing="ij")
        first = (np.arange(n)[:, None] * (m + 1) + np.arange(m)).ravel()
        square = np.stack([first, first + m + 1, first + m + 2, first + 1], axis=1)
        halves = np.concatenate([square[:, [0, 1, 2]], square[:, [0, 2, 3]]])
        return Mesh(np.stack([x.ravel(), y.ravel()], axis=1), {"quad": square} if quads else {"triangle": halves})

    return make


@pytest.fixture
def cube() -> Mesh:
    import numpy as np

    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
    return Mesh(points, {"hexahedron": np.arange(8)[None]})


@pytest.fixture
def pixels() -> Callable[..., ndarray]:
    """Colors of a PNG file, ``(height, width, 3)`` in [0, 1]."""
    from matplotlib.image import imread

    return lambda path: imread(path)[..., :3]
