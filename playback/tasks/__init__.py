"""Celery tasks: each fetches by id and calls one function. Imported here so that the worker finds them.

A task's queue is a lane of the vendor's call budget (``person``, ``operation``, ``sync``); callbacks have one of their
own (``callbacks``), whose calls are of the sync lane.
"""

from . import callbacks, expiry, heartbeat, operations, sync, trash

__all__ = ["callbacks", "expiry", "heartbeat", "operations", "sync", "trash"]
