"""The front page's counts: at once while the mirror is small, once a minute where counting takes long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from playback.admin import dashboard
from playback.models import Recording
from tests.factories import RecordingFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.delete(dashboard._COUNTS)
    yield
    cache.delete(dashboard._COUNTS)


def shown(client: Client) -> tuple[str, bool]:
    """How many recordings, and whether it is said when they were counted."""
    page = client.get(reverse("admin:index"))
    said = bool(page.context["counted_at"])
    assert said == ("Counted once a minute" in page.content.decode() or "每分钟统计一次" in page.content.decode())
    return page.context["tiles"][0]["count"], said


def test_a_small_mirror_is_counted_each_time(staff: Client) -> None:
    RecordingFactory.create_batch(2)
    assert shown(staff) == ("2", False)
    Recording.objects.first().delete()  # type: ignore[union-attr]
    assert shown(staff) == ("1", False)


def test_a_large_one_is_counted_once_a_minute_and_says_when(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "COUNTED_SLOWLY", 2)
    RecordingFactory.create_batch(2)
    assert shown(staff) == ("2", False)
    RecordingFactory()
    assert shown(staff) == ("2", True)
    cache.delete(dashboard._COUNTS)  # the minute is over
    assert shown(staff) == ("3", False)


def test_without_a_cache_it_is_counted(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_args: object, **_more: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(dashboard, "COUNTED_SLOWLY", 1)
    monkeypatch.setattr(dashboard.cache, "get", lost)
    monkeypatch.setattr(dashboard.cache, "set", lost)
    RecordingFactory()
    assert shown(staff) == ("1", False)
