"""Fixtures for the whole suite, and where the ``services`` tests run."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """``services`` tests run in the second run of ``tests/run.py``; where no service answers they are skipped."""
    if os.environ.get("BACKOFFICE_TEST_DATABASE") or os.environ.get("BACKOFFICE_TEST_REDIS"):
        return
    services = [item for item in items if item.get_closest_marker("services")]
    if os.environ.get("BACKOFFICE_SERVICES_FOLLOW"):
        config.hook.pytest_deselected(items=services)
        items[:] = [item for item in items if item not in services]
        return
    for item in services:
        item.add_marker(pytest.mark.skip(reason="no PostgreSQL or Redis answers here"))
