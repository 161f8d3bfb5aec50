"""What a solver tells when it is done, on the terminal and in its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gno.cli.output import Output
from gno.fv import Report


def tell_flux(output: Output, flux: Mapping[str, Tensor], *, title: str = "flux out") -> dict[str, float]:
    """Show what leaves through each patch, and return it as numbers.

    Args:
        output: where to.
        flux: patch to what leaves through it.
        title: of the column.
    """
    numbers = {name: float(value) for name, value in flux.items()}
    output.table(["patch", title], [[name, value] for name, value in numbers.items()])
    return numbers


def tell_report(output: Output, report: Report, seconds: float) -> dict[str, Any]:
    """Show how an iteration went, and return what the JSON says of it.

    Args:
        output: where to.
        report: how it went.
        seconds: that it took.
    """
    output.text(f"{report.iterations} iterations, residual {report.residual:.2g}, {seconds:.3g} s")
    return {"converged": report.converged, "iterations": report.iterations, "residual": report.residual}


def ends(u: Tensor) -> dict[str, float]:
    """Least and greatest value of a field.

    Args:
        u: the field ``(cells,)``.

    Example:
        >>> import torch
        >>> ends(torch.tensor([2.0, -1.0]))
        {'min': -1.0, 'max': 2.0}
    """
    return {"min": float(u.min()), "max": float(u.max())}
