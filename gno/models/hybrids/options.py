"""What a hybrid of solver and network takes from the data, as its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gno.datasets.naming import suggestion
from gno.errors import ConfigError
from gno.mesh.coarsening import coarsen
from gno.mesh.formats import load
from gno.mesh.mesh import Mesh
from gno.models.coarse.registry import solver_of
from gno.models.features.channel import Channel
from gno.models.hybrids.mesh_table import mesh_table

NODES = 353
"""Of the coarse mesh, as in the paper."""
GIVEN = ("solver", "mesh", "k", "learned", "barrier")
"""What a recipe says of the coarse solution; the rest comes from the data."""
_WAYS = {"path", "nodes", "keep", "seed"}


def hybrid_options(
    options: Mapping[str, Any], mesh: Mesh, inputs: Sequence[Channel], targets: Sequence[Channel]
) -> dict[str, Any]:
    """Arguments of ``CFDGCN`` from the options of a recipe.

    Args:
        options: with a table ``coarse``: its ``solver``, perhaps how the ``mesh`` is made, as of ``coarse_mesh``, and
            ``k``, ``learned`` and ``barrier`` as of ``CoarseSolution``.
        mesh: a training mesh.
        inputs: of the network, with the parameters that the solver takes among them.
        targets: of the network, with some that the solver returns among them.

    Raises:
        ConfigError: an unknown key, no solver, or one that takes what is no parameter or returns no target.
        MeshError: a mesh that cannot be read or coarsened.
    """
    given = options.get("coarse", {})
    wrong = sorted(set(given) - {*GIVEN})
    if wrong:
        raise ConfigError(f"coarse has {wrong[0]!r}", why=f"known: {', '.join(GIVEN)}", fix=suggestion(wrong[0], GIVEN))
    table = given.get("solver")
    if not isinstance(table, Mapping):
        raise ConfigError(
            "the network has no solver", why=f"coarse.solver is {table!r}", fix='coarse = { solver = { name = "..." } }'
        )
    solver, params = solver_of(table), [channel.spec.name for channel in inputs if channel.per_sample]
    for name in solver.inputs:
        if name not in params:
            have = ", ".join(params) or "none"
            fix = suggestion(name, params) or f'params = ["{name}"]'
            raise ConfigError(f"the coarse solver takes {name!r}", why=f"parameters are: {have}", fix=fix)
    fields = {spec.name: spec.components for spec in solver.outputs}
    taken = [channel for channel in targets if fields.get(channel.spec.name) == channel.spec.components]
    if not taken:
        have, wanted = ", ".join(fields), ", ".join(channel.spec.name for channel in targets)
        raise ConfigError(f"the coarse solver returns {have}", why=f"the targets are {wanted}")
    coarse = {
        **given,
        "mesh": coarse_mesh(given.get("mesh", {}), mesh),
        "columns": [params.index(name) for name in solver.inputs],
        "outputs": [{"name": c.spec.name, "normalizer": c.normalizer.to_dict()} for c in taken],
    }
    return {**options, "coarse": coarse}


def coarse_mesh(table: Mapping[str, Any], mesh: Mesh) -> dict[str, Any]:
    """The coarse mesh of a recipe, as of ``mesh_table``.

    Args:
        table: such a table already; or ``path``, a mesh file; or what ``gno.mesh.coarsen`` makes of ``mesh``: about
            how many ``nodes``, how many edges of some patches to ``keep``, and a ``seed``.
        mesh: the fine mesh.

    Raises:
        ConfigError: an unknown key.
        MeshError: a mesh that cannot be read or coarsened.

    Example:
        >>> from gno.mesh import shapes
        >>> len(coarse_mesh({"nodes": 40}, shapes.square(0.1))["points"])
        40
    """
    if "points" in table:
        return dict(table)
    wrong = sorted(set(table) - _WAYS)
    if wrong:
        raise ConfigError(f"coarse.mesh has {wrong[0]!r}", why=f"known: {', '.join(sorted(_WAYS))}")
    if "path" in table:
        return mesh_table(load(table["path"]))
    found = coarsen(mesh, table.get("nodes", NODES), keep=table.get("keep"), seed=table.get("seed", 0))
    return mesh_table(found)
