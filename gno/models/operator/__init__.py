"""The operator, which carries a network from mesh to mesh: made, applied, checked."""
