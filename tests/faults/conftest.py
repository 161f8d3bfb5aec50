from tests.cli.conftest import files, gno
from tests.training.conftest import recipe, small_data

__all__ = ["files", "gno", "recipe", "small_data"]
