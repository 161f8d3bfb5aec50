"""What the nodes of a mesh are given: fields with their normalizers, levels, distances."""
