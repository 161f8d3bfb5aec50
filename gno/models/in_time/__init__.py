"""The operator, step by step in time."""
