"""What staff can do to lists of members. Importing this package registers the kinds with the engine."""

from . import kinds

__all__ = ["kinds"]
