"""Rosters: a file of people, and what it would change on a list."""
