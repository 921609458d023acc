"""Tasks of the sync passes."""
