"""Steps in time and their adjoints."""
