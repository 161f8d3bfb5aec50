"""Networks with a solver inside, one paper a file."""
