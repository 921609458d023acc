"""Celery tasks of members: thin, each calls one function. Imported here so that the worker finds them."""

from . import keeping, sync

__all__ = ["keeping", "sync"]
