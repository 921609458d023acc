"""The flight recorder, replay, and the callback address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from playback.callbacks import address
from playback.models import CallbackAddress, Delivery, Recording, RefusedCallbacks
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
LIST = "admin:playback_delivery_changelist"
OURS = "https://office.example.org/callbacks/baijiayun/"


def delivery(**values: Any) -> Delivery:
    now = timezone.now()
    given = {
        "qid": f"q{Delivery.objects.count()}",
        "kind": "CB1",
        "state": "applied",
        "received_at": now,
        "sent_at": now,
    }
    return Delivery.objects.create(**{**given, **values})


@pytest.fixture
def english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def text(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query, follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.usefixtures("english")
def test_the_list_says_what_each_did(staff: Client) -> None:
    recording = RecordingFactory(name="集合的运算")
    delivery(
        recording=recording,
        version=2,
        status=100,
        seconds_after_class=754,
        changed={"recording": {"status": [20, 100]}, "version": {"status": [20, 100], "length": [None, 60]}},
    )
    page = text(staff, reverse(LIST))
    for words in ("集合的运算", "version 2", "Ready", "Applied", "Genuine", "0:12:34", "Transcoding (CB1)", "0:01:00"):
        assert words in page, words
    assert reverse("admin:playback_recording_change", args=[recording.pk]) in page


def test_the_list_costs_the_same_however_long(staff: Client, django_assert_max_num_queries: Any) -> None:
    for recording in RecordingFactory.create_batch(30):
        delivery(recording=recording)
    with django_assert_max_num_queries(12):
        staff.get(reverse(LIST))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"a", "b", "c"}),
        ({"kind__exact": "CB3"}, {"b"}),
        ({"state__exact": "rejected"}, {"c"}),
        ({"received_at_to": "2024-03-01"}, {"b"}),
        ({"q": "202403010830001234567890"}, {"a"}),
        ({"q": "24030100000001-202403010"}, {"a"}),
        ({"q": "24030100000001"}, {"a"}),
        ({"q": "777001"}, {"b"}),
        ({"q": "202403010"}, {"a"}),
        ({"q": "none"}, set()),
    ],
)
def test_filters_and_search_by_ids(staff: Client, query: dict[str, str], found: set[str]) -> None:
    long_ago = timezone.now().replace(year=2024, month=2, day=1)
    rows = {
        "a": delivery(qid="202403010830001234567890", room_id=24030100000001, session_id=202403010),
        "b": delivery(kind="CB3", video_id=777001, received_at=long_ago),
        "c": delivery(qid=None, state="rejected", verdict="bad_signature"),
    }
    shown = staff.get(reverse(LIST), query).context["cl"].result_list
    assert {name for name, row in rows.items() if row in shown} == found


@pytest.mark.usefixtures("english")
def test_a_page_shows_every_field_as_text(staff: Client) -> None:
    row = delivery(
        fields={"room_id": "1", "brand_new": "<script>alert(1)</script>"},
        state="dead",
        attempts=8,
        error="recording_info: the vendor answered HTTP 503",
        changed={"created": ["recording"], "version": {"gone_at": [None, "2024-03-01T00:00:00+00:00"]}, "settled": [4]},
    )
    page = text(staff, reverse("admin:playback_delivery_change", args=[row.pk]))
    for words in (
        "brand_new",
        "&lt;script&gt;",
        "HTTP 503",
        "Given up",
        "first seen",
        "2024-03-01 08:00:00",
        "1 operation",
    ):
        assert words in page, words
    assert "<script>alert(1)" not in page


def test_who_may_see_and_replay(signed_in: Callable[[str], Client]) -> None:
    row = delivery(state="dead", attempts=8)
    url = reverse("admin:playback_delivery_replay", args=[row.pk])
    for group, sees, replays in (("teacher", 403, 403), ("course staff", 200, 403), ("administrator", 200, 302)):
        client = signed_in(group)
        assert client.get(reverse(LIST)).status_code == sees
        assert client.get(reverse("admin:playback_delivery_address")).status_code == sees
        page = client.get(reverse("admin:playback_delivery_change", args=[row.pk]))
        assert (url in page.content.decode()) is (replays == 302)
        assert client.get(url).status_code == 403
        assert client.post(url).status_code == replays
    row.refresh_from_db()
    assert (row.state, row.attempts, row.replayed_by.username) == ("received", 0, "administrator")


@pytest.mark.parametrize("change", [{"verdict": "bad_signature", "state": "rejected"}, {"claimed_at": timezone.now()}])
def test_what_was_refused_or_is_in_hand_is_not_replayed(administrator: Client, change: dict[str, Any]) -> None:
    row = delivery(**change)
    administrator.post(reverse("admin:playback_delivery_replay", args=[row.pk]))
    row.refresh_from_db()
    assert (row.replayed_at, row.due_at) == (None, None)


@pytest.mark.usefixtures("english")
def test_what_was_refused_and_not_kept_is_counted(staff: Client) -> None:
    assert "Callbacks refused" not in text(staff, reverse(LIST))
    now = timezone.now()
    RefusedCallbacks.objects.create(hour=now - timedelta(hours=2), count=1500)
    RefusedCallbacks.objects.create(hour=now - timedelta(hours=30), count=7)
    assert "Callbacks refused in the last 24 hours: 1,500." in text(staff, reverse(LIST))


class TestTheAddress:
    @pytest.fixture(autouse=True)
    def _site(self, sandbox: Sandbox, settings: Any) -> None:
        settings.SITE_URL = "https://office.example.org/"
        settings.LANGUAGE_CODE = "en"

    def test_it_is_registered_and_shown(self, administrator: Client, sandbox: Sandbox) -> None:
        page = reverse("admin:playback_delivery_address")
        assert "Not asked yet" in text(administrator, page)
        assert list(sandbox.calls) == []  # looking at a page asks nobody
        administrator.post(reverse("admin:playback_delivery_register"))
        assert sandbox.state.setting("callback_url") == OURS
        assert "The vendor sends callbacks here." in text(administrator, page)
        entry = LogEntry.objects.get()
        assert (entry.user.username, entry.object_repr) == ("administrator", OURS)

    def test_another_address_is_warned_of_everywhere(self, administrator: Client, sandbox: Sandbox) -> None:
        sandbox.state.set_setting("callback_url", "https://old.example.org/hook")
        administrator.post(reverse("admin:playback_delivery_look"))
        for name in ("admin:index", LIST, "admin:playback_delivery_address"):
            assert "to another address than ours" in text(administrator, reverse(name)), name
        assert "https://old.example.org/hook" in text(administrator, reverse("admin:playback_delivery_address"))
        administrator.post(reverse("admin:playback_delivery_register"))
        assert "to another address than ours" not in text(administrator, reverse("admin:index"))

    def test_no_address_at_the_vendor_is_another_one(self, sandbox: Sandbox) -> None:
        assert not address.differs(address.known())  # nobody asked yet
        from playback.vendor.codes import Lane

        assert address.differs(address.look(Lane.SYNC))

    def test_a_vendor_that_is_away_leaves_what_it_said_before(self, administrator: Client, sandbox: Sandbox) -> None:
        administrator.post(reverse("admin:playback_delivery_register"))
        sandbox.faults.add("callback_url", "refuse", code=7, message="不行")
        administrator.post(reverse("admin:playback_delivery_look"))
        known = CallbackAddress.objects.get()
        assert (known.url, "不行" in known.error) == (OURS, True)
        assert not address.differs(known)

    def test_a_vendor_that_refuses_says_why(self, administrator: Client, sandbox: Sandbox) -> None:
        sandbox.faults.add("set_callback_url", "refuse", code=7, message="地址不可用")
        page = administrator.post(reverse("admin:playback_delivery_register"), follow=True)
        assert "地址不可用" in page.content.decode()
        assert not LogEntry.objects.exists()

    @pytest.mark.parametrize("name", ["look", "register"])
    def test_only_by_those_who_may_and_by_post(
        self, signed_in: Callable[[str], Client], sandbox: Sandbox, name: str
    ) -> None:
        url = reverse(f"admin:playback_delivery_{name}")
        assert signed_in("course staff").post(url).status_code == 403
        assert signed_in("administrator").get(url).status_code == 403
        assert list(sandbox.calls) == []

    def test_without_our_own_address_nothing_is_registered(
        self, administrator: Client, sandbox: Sandbox, settings: Any
    ) -> None:
        settings.SITE_URL = ""
        administrator.post(reverse("admin:playback_delivery_register"))
        assert list(sandbox.calls) == []
        assert "SITE_URL is not set" in text(administrator, reverse("admin:playback_delivery_address"))

    def test_the_command_tells_by_its_status(self, sandbox: Sandbox) -> None:
        with pytest.raises(CommandError, match="differ"):
            call_command("callback_address", stdout=StringIO())
        out = StringIO()
        call_command("callback_address", "--register", stdout=out)
        assert out.getvalue().count(OURS) == 2
        call_command("callback_address", stdout=StringIO())


@pytest.mark.usefixtures("english")
def test_given_up_ones_are_told_on_the_front_page(staff: Client, teacher: Client) -> None:
    row = delivery(state="dead")
    assert "1 callback could not be applied" in text(staff, reverse("admin:index"))
    assert "could not be applied" not in text(teacher, reverse("admin:index"))
    Delivery.objects.filter(pk=row.pk).update(state="applied")
    assert "could not be applied" not in text(staff, reverse("admin:index"))


@pytest.mark.usefixtures("english")
def test_a_versions_page_shows_its_rendered_video(staff: Client) -> None:
    version = VersionFactory(rendered_video_id=880011, definitions="low,720p")
    page = text(staff, reverse("admin:playback_version_change", args=[version.pk]))
    assert "880011" in page
    assert "low, 720p" in page


def test_what_is_long_over_is_forgotten() -> None:
    old = timezone.now() - timedelta(days=200)
    recording = RecordingFactory()
    for state in ("applied", "ignored", "rejected", "dead", "failed"):
        delivery(state=state, received_at=old, recording=recording)
    delivery()
    RefusedCallbacks.objects.create(hour=old, count=1)
    assert address.forget_old() == 3
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["applied", "dead", "failed"]
    assert Recording.objects.exists()
    assert not RefusedCallbacks.objects.exists()
