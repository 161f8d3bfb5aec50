"""Nonlinear balances: residuals, exact Jacobians, Newton's method, and the implicit layer."""
