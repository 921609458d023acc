"""Celery tasks: each fetches by id and calls one function. Imported here so that the worker finds them.

A task's queue is a lane of the vendor's call budget (``person``, ``operation``, ``sync``).
"""

from . import expiry, operations, sync, trash

__all__ = ["expiry", "operations", "sync", "trash"]
