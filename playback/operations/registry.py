"""The kinds of operation by name: each module of ``kinds`` adds its own, apps above (members) add theirs when ready."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from playback.autoload import import_all

from . import reasons
from .base import OperationKind

_kinds: dict[str, OperationKind] = {}


def register(cls: type[OperationKind]) -> type[OperationKind]:
    """Class decorator. Raises ``ValueError`` when another class took the name, or a sentence's code is taken."""
    if cls.kind in _kinds and type(_kinds[cls.kind]) is not cls:
        raise ValueError(f"operation kind {cls.kind!r} is registered twice")
    reasons.add(cls.sentences)
    _kinds[cls.kind] = cls()
    return cls


def get(kind: str) -> OperationKind:
    """Raises ``KeyError`` for an unknown kind."""
    load()
    return _kinds[kind]


def kinds() -> Mapping[str, OperationKind]:
    load()
    return MappingProxyType(_kinds)


@cache
def load() -> None:
    """Import the modules of ``kinds``; not above, because they import this module."""
    import_all(f"{__package__}.kinds")
