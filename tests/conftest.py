"""Fixtures for the whole suite, and where the ``services`` tests run."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from playback.sandbox.server import Sandbox

PARTNER_ID = "41624064"
PARTNER_KEY = "sandbox/key+of=the-tests"
_of_migrations: dict[str, str] = {}  # what the migrations wrote, as JSON


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """A transactional test empties the database at its end, the migrations' rows (groups, schedules) among them: put
    those back, so that tests need no order, whichever process takes which."""
    answer = yield
    if nextitem is not None and _empties_the_database(item):
        with item._request.getfixturevalue("django_db_blocker").unblock():
            call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
            connection.creation.deserialize_db_from_string(_of_migrations["rows"])
            connection.close()
    return answer


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        _of_migrations["rows"] = connection.creation.serialize_db_to_string()


def _empties_the_database(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    named = {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(named) or (marker is not None and bool(marker.kwargs.get("transaction")))


@pytest.fixture(autouse=True)
def _no_old_age_kept() -> None:
    """How old data is is kept for some seconds in each process: not from one test to the next."""
    from playback import staleness  # once Django is set up

    staleness.forget()


@pytest.fixture(scope="session")
def _sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One stand-in vendor a test process; tests take it emptied, as ``sandbox``."""
    folder: Path = tmp_path_factory.mktemp("sandbox")
    with Sandbox(folder / "sandbox.sqlite3", PARTNER_ID, PARTNER_KEY, control_secret="the tests' secret") as server:
        yield server


@pytest.fixture
def sandbox(_sandbox_server: Sandbox, settings) -> Iterator[Sandbox]:
    """An empty stand-in vendor that the settings point at; transcoding takes 0.2 s, callbacks are repeated quickly."""
    server = _sandbox_server
    server.forget()
    server.transcode_seconds = 0.2
    server.rebuild_shows = "status"
    server.callbacks.pauses = (0.05, 0.05, 0.1, 0.2)
    server.state.set_account(PARTNER_ID, PARTNER_KEY)
    settings.BAIJIAYUN_PARTNER_ID = PARTNER_ID
    settings.BAIJIAYUN_PARTNER_KEY = PARTNER_KEY
    settings.BAIJIAYUN_PRIVATE_DOMAIN = "school"
    settings.BAIJIAYUN_BASE_URL = server.base_url
    settings.BAIJIAYUN_PATHS = {}
    settings.BAIJIAYUN_CALLS_PER_WINDOW = 100_000  # our own budget has its tests; here it would spread calls over time
    yield server
    server.faults.clear()
