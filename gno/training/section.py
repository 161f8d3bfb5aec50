"""A section of a recipe: typed values, nothing unknown, not changed after it is made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of the parts of a recipe; each part stands beside the code that uses it.

    Values are not converted: ``"3"`` is no number and ``1`` is no boolean; a whole number is taken where a real one
    is wanted.

    Example:
        >>> class Radius(Section):
        ...     radius: float = 0.1
        >>> Radius(radius=1).radius
        1.0
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
