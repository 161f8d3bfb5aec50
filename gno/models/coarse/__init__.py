"""Solvers on coarse meshes, as hybrids take them."""
