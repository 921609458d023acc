"""Celery tasks of members: thin, each calls one function. Imported here so that the worker finds them."""

from . import sync

__all__ = ["sync"]
