"""The kinds of operation by name. Apps above (members) add theirs with :func:`register` when they are ready."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .base import OperationKind

_kinds: dict[str, OperationKind] = {}


def register(cls: type[OperationKind]) -> type[OperationKind]:
    """Class decorator. Raises ``ValueError`` when another class took the name."""
    if cls.kind in _kinds and type(_kinds[cls.kind]) is not cls:
        raise ValueError(f"operation kind {cls.kind!r} is registered twice")
    _kinds[cls.kind] = cls()
    return cls


def get(kind: str) -> OperationKind:
    """Raises ``KeyError`` for an unknown kind."""
    _load()
    return _kinds[kind]


def kinds() -> Mapping[str, OperationKind]:
    _load()
    return MappingProxyType(_kinds)


def _load() -> None:
    # They register themselves; imported here and not above because they import this module.
    from . import delete, publish, refresh, rename  # noqa: F401
