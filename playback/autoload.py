"""Importing every module of a package, for registries whose entries add themselves when they are imported."""

from __future__ import annotations

import pkgutil
from importlib import import_module


def import_all(package: str) -> None:
    """All modules directly below the package, by its dotted name. Loaded ones are not run again."""
    for module in pkgutil.iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
