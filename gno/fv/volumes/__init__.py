"""Finite volumes: cells and median duals, their faces, patches and geometry."""
