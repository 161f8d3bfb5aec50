"""Sparse linear systems: patterns, factors, iterations, and their solution as a differentiable function."""
