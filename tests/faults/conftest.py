from tests.cli.conftest import alone, files, gno, stop
from tests.training.conftest import recipe, small_data

__all__ = ["alone", "files", "gno", "recipe", "small_data", "stop"]
