"""Steady diffusion, with coefficients that may jump and be tensors."""
