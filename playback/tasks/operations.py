"""Tasks of the operations engine."""
