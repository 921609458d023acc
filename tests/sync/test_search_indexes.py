"""The indexes for searches by words: made once, made again when broken, and left alone otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from playback.sync import search_indexes
from playback.tasks.sync import sync_kind
from tests.factories import RecordingFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
NAMES = ["recording_name_pairs", "version_name_pairs", "room_title_pairs"]


@pytest.fixture(autouse=True)
def _none_of_them() -> Iterator[None]:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's indexes")
    yield
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


def state() -> dict[str, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE c.relname = ANY(%s)",
            [NAMES],
        )
        return dict(cursor.fetchall())


def test_small_tables_need_none() -> None:
    RecordingFactory()
    assert search_indexes.ensure() == []
    assert state() == {}
    assert search_indexes.missing() == []


def test_they_are_made_once() -> None:
    RecordingFactory()
    assert search_indexes.ensure(1) == ["recording_name_pairs", "room_title_pairs"]  # there is no version
    assert state() == {"recording_name_pairs": True, "room_title_pairs": True}
    assert search_indexes.ensure(1) == []


def test_a_broken_one_is_made_again() -> None:
    RecordingFactory()
    search_indexes.ensure(1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recording_name_pairs'::regclass")
    assert [index.name for index in search_indexes.missing(1)] == ["recording_name_pairs"]
    assert search_indexes.ensure(1) == ["recording_name_pairs"]
    assert state()["recording_name_pairs"]


def test_two_at_once_make_them_once() -> None:
    RecordingFactory()
    made: list[str] = []
    with _other_session() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [search_indexes._LOCK])
        assert search_indexes.ensure(1) == []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        try:
            made.extend(search_indexes.ensure(1))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made += search_indexes.ensure(1)
    assert sorted(made) == ["recording_name_pairs", "room_title_pairs"]


def test_an_old_transaction_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    RecordingFactory()
    monkeypatch.setattr(search_indexes, "PATIENCE", "200ms")
    with _other_session() as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("UPDATE playback_recording SET name = name")
        assert search_indexes.ensure(1) == []
        assert "not made" in caplog.text
        other.execute("ROLLBACK")
    assert search_indexes.ensure(1) == ["recording_name_pairs", "room_title_pairs"]  # over the half made one
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_full_pass_ends_with_them(sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[bool] = []
    monkeypatch.setattr(search_indexes, "ensure", lambda: called.append(True))
    sync_kind("rooms", full=False)
    assert called == []
    sync_kind("rooms", full=True)
    assert called == [True]


def test_the_command_tells_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    RecordingFactory()
    out = StringIO()
    call_command("search_indexes", stdout=out)
    assert out.getvalue() == "made: none\n"
    monkeypatch.setattr(search_indexes.ensure, "__defaults__", (1,))
    monkeypatch.setattr(search_indexes.missing, "__defaults__", (1,))
    call_command("search_indexes", stdout=out)
    assert "recording_name_pairs, room_title_pairs" in out.getvalue()


def _other_session() -> psycopg.Connection:
    given = connection.get_connection_params()
    wanted = {key: given[key] for key in ("dbname", "user", "password", "host", "port") if given.get(key)}
    return psycopg.connect(**wanted, autocommit=True)
