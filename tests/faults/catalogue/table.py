"""All rows, in the order of their numbers."""

from __future__ import annotations

from tests.faults.catalogue import datasets, meshes, models, runs

FAULTS = tuple(sorted((*datasets.FAULTS, *meshes.FAULTS, *models.FAULTS, *runs.FAULTS), key=lambda fault: fault.number))
