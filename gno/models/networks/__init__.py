"""Networks without a solver inside, one paper a file."""
