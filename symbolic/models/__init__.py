"""The forward equations of the literature, one cell a file."""
