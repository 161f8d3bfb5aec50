"""Incompressible flow, steady and in time."""
