"""The indexes and foreign keys: made once, made again when broken, and left alone otherwise."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from playback.models import Recording, SyncLease, SyncRun
from playback.sandbox.server import Sandbox
from playback.sync import indexes
from playback.sync.passes import run_pass
from tests.factories import RecordingFactory, VersionFactory

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
    assert indexes.ensure() == []
    assert state() == {}
    assert indexes.missing() == []


def test_they_are_made_once() -> None:
    RecordingFactory()
    assert indexes.ensure(1) == ["recording_name_pairs", "room_title_pairs"]  # there is no version
    assert state() == {"recording_name_pairs": True, "room_title_pairs": True}
    assert indexes.ensure(1) == []


def test_a_broken_one_is_made_again() -> None:
    RecordingFactory()
    indexes.ensure(1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recording_name_pairs'::regclass")
    assert [index.name for index in indexes.missing(1)] == ["recording_name_pairs"]
    assert indexes.ensure(1) == ["recording_name_pairs"]
    assert state()["recording_name_pairs"]


def test_two_at_once_make_them_once() -> None:
    RecordingFactory()
    made: list[str] = []
    with _other_session() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [indexes._LOCK])
        assert indexes.ensure(1) == []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        try:
            made.extend(indexes.ensure(1))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made += indexes.ensure(1)
    assert sorted(made) == ["recording_name_pairs", "room_title_pairs"]


def test_an_old_transaction_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    RecordingFactory()
    monkeypatch.setattr(indexes, "PATIENCE", "200ms")
    with _other_session() as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("UPDATE playback_recording SET name = name")
        assert indexes.ensure(1) == []
        assert "not made" in caplog.text
        other.execute("ROLLBACK")
    assert indexes.ensure(1) == ["recording_name_pairs", "room_title_pairs"]  # over the half made one
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def absent() -> set[str]:
    names = [each.name for each in indexes.OF_LISTS]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indisvalid AND c.relname = ANY(%s)",
            [names],
        )
        return set(names) - {name for (name,) in cursor.fetchall()}


def orphan_refused() -> bool:
    """Does the database itself refuse a recording without its room, and a version without its recording?"""
    refused = []
    for each in indexes.REFERENCES:
        row = RecordingFactory() if each.model is Recording else VersionFactory()
        try:
            each.model._default_manager.filter(pk=row.pk).update(**{each.column: 999})
            refused.append(False)
        except IntegrityError:
            refused.append(True)
        row.delete()
    assert len(set(refused)) == 1, refused
    return refused[0]


def test_a_first_load_does_without_the_lists_indexes(
    vendor: Sandbox, school: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "MANY", 12)
    school(12)
    missing: list[int] = []
    unchecked: list[bool] = []

    def look(run: SyncRun) -> None:
        missing.append(len(absent()))
        unchecked.append(not orphan_refused())

    run_pass("recordings", full=False, on_page=look)
    assert missing == [len(indexes.OF_LISTS)] * 3
    assert unchecked == [True] * 3
    assert absent() == set()
    assert orphan_refused()
    run_pass("recordings", full=True, on_page=lambda run: missing.append(len(absent())))
    assert set(missing[3:]) == {0}  # the tables are not empty any more


def test_a_first_load_that_was_killed_leaves_the_rest_to_the_next_pass(
    vendor: Sandbox, school: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "MANY", 12)
    school(12)

    def killed(run: SyncRun) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_pass("recordings", full=False, on_page=killed)
    assert len(absent()) == len(indexes.OF_LISTS)
    assert not orphan_refused()
    SyncLease.objects.create(kind="recordings", token=uuid.uuid4(), expires_at=timezone.now() + timedelta(minutes=1))
    assert run_pass("rooms", full=False).state == "done"
    assert absent(), "another pass leaves them alone while the recordings are being read"
    SyncLease.objects.all().delete()
    run_pass("rooms", full=False)
    assert absent() == set()
    assert orphan_refused()


def test_a_foreign_key_that_was_half_made_is_finished(caplog: pytest.LogCaptureFixture) -> None:
    """New rows are held to it at once; a row that breaks it is told of, and found out about again and again."""
    assert indexes.put_aside(indexes.MANY)
    stray = RecordingFactory()
    Recording.objects.filter(pk=stray.pk).update(room_id=999)
    assert "recording_of_room" not in indexes.ensure()
    assert "not made" in caplog.text
    with pytest.raises(IntegrityError):
        RecordingFactory(room_id=998)
    assert next(each.name for each in indexes.missing()) == "recording_of_room"
    stray.delete()
    assert indexes.ensure() == ["recording_of_room"]
    assert indexes.missing() == []


def test_few_rows_and_filled_tables_keep_them() -> None:
    assert not indexes.put_aside(indexes.MANY - 1)
    RecordingFactory()
    assert not indexes.put_aside(indexes.MANY)
    assert absent() == set()


def test_the_command_tells_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    RecordingFactory()
    out = StringIO()
    call_command("indexes", stdout=out)
    assert out.getvalue() == "made: none\n"
    monkeypatch.setattr(indexes.ensure, "__defaults__", (1,))
    monkeypatch.setattr(indexes.missing, "__defaults__", (1,))
    call_command("indexes", stdout=out)
    assert "recording_name_pairs, room_title_pairs" in out.getvalue()


def _other_session() -> psycopg.Connection:
    given = connection.get_connection_params()
    wanted = {key: given[key] for key in ("dbname", "user", "password", "host", "port") if given.get(key)}
    return psycopg.connect(**wanted, autocommit=True)
