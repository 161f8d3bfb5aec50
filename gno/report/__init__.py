"""Pictures of fields and of training runs, and the pages that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.report.evaluation_page import evaluation_report
    from gno.report.gallery import fields_picture
    from gno.report.history import curves
    from gno.report.picture import field_picture
    from gno.report.run_page import training_report
    from gno.report.triptych import panels

_LAZY = {
    "curves": "gno.report.history",
    "evaluation_report": "gno.report.evaluation_page",
    "field_picture": "gno.report.picture",
    "fields_picture": "gno.report.gallery",
    "panels": "gno.report.triptych",
    "training_report": "gno.report.run_page",
}

__all__ = ["curves", "evaluation_report", "field_picture", "fields_picture", "panels", "training_report"]

# Import matplotlib and torch when a picture is drawn.
__getattr__ = lazily(__name__, _LAZY)
