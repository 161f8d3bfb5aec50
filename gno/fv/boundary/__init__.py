"""What holds on the boundary, and on which of its patches."""
