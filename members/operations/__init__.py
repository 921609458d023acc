"""What staff can do to lists of members. Importing this package registers the kinds with the engine."""

from . import kinds, remove_person

__all__ = ["kinds", "remove_person"]
