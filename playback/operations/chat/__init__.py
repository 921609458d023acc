"""Whose chat is removed, and of which time: as people write it, and as the moments that the vendor wants."""
