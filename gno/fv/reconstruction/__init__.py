"""Values and gradients at faces and nodes, from the values in cells."""
