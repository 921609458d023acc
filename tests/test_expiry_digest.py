"""The daily mail about what expires soon: who is told of what, once a day, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from smtplib import SMTPException
from typing import Any

import pytest
import time_machine
from celery.exceptions import Retry
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from playback import expiry_digest
from playback.models import ExpiryDigest, Recording, Room
from playback.tasks.expiry import send_expiry_digests

from .factories import RecordingFactory, RoomFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

MORNING = datetime.fromisoformat("2026-03-02T08:00:00+08:00")


@pytest.fixture(autouse=True)
def at_eight(settings: Any) -> Iterator[time_machine.Coordinates]:
    settings.SITE_URL = "https://backoffice.example.org/"
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


@pytest.fixture
def owner() -> User:
    return person(username="li", first_name="老师", last_name="李", email="li@example.org")


@pytest.fixture
def administrator() -> User:
    return person("administrator", email="admin@example.org")


def expiring(days: float = 3, owners: tuple[User, ...] = (), room: Room | None = None, **facts: Any) -> Recording:
    room = room or RoomFactory()
    room.owners.add(*owners)
    end = timezone.now() + timedelta(days=days)
    recording: Recording = RecordingFactory(room=room, expires_at=end, expiry_read_at=timezone.now(), **facts)
    return recording


def sent() -> dict[str, Any]:
    """The mails by address."""
    return {message.to[0]: message for message in mail.outbox}


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


def test_an_owner_is_told_of_the_recordings_of_their_rooms(owner: User, administrator: User) -> None:
    room = RoomFactory(title="高一数学（1）班")
    recording = expiring(3, (owner,), room, name="函数的单调性", session_id=1)
    expiring(5, (owner,), room, name="二次函数", session_id=2)
    expiring(4, (), name="没有主人的")
    result = expiry_digest.send()
    assert (result.sent, result.failed, result.untold) == (2, 0, 0)
    told = sent()
    assert set(told) == {"li@example.org", "admin@example.org"}
    message = told["li@example.org"]
    assert message.subject == "14 天内有 2 个回放到期"
    text = message.body
    assert text.index("高一数学（1）班") < text.index("2026-03-05 08:00  函数的单调性") < text.index("二次函数")
    assert text.count("高一数学（1）班") == 1
    assert f"https://backoffice.example.org/admin/playback/recording/{recording.pk}/change/" in text
    assert "没有主人的" not in text
    assert "没有主人的" in told["admin@example.org"].body
    assert "函数的单调性" not in told["admin@example.org"].body
    html = html_of(message)
    assert f'<a href="https://backoffice.example.org/admin/playback/recording/{recording.pk}/change/"' in html
    assert '<html lang="zh-hans">' in html
    assert "函数的单调性" in html


def test_rooms_come_in_the_order_of_what_goes_first(owner: User) -> None:
    late, soon = RoomFactory(title="一班"), RoomFactory(title="二班")
    for room, days in ((late, 5), (soon, 2), (late, 6), (soon, 9)):
        expiring(days, (owner,), room, session_id=days)
    expiry_digest.send()
    text = mail.outbox[0].body
    assert text.index("二班") < text.index("2026-03-04") < text.index("2026-03-11") < text.index("一班")


def test_only_what_is_there_and_expires_within_the_days(owner: User, settings: Any) -> None:
    settings.EXPIRY_DIGEST_DAYS = 7
    room = RoomFactory()
    within = expiring(7, (owner,), room, session_id=1, name="刚好")
    for number, days in enumerate((7.01, -0.01), start=2):
        expiring(days, (owner,), room, session_id=number, name="不在其中")
    expiring(3, (owner,), room, session_id=9, name="不在其中", gone_at=timezone.now())
    RecordingFactory(room=room, session_id=10, name="不在其中", valid_days=0)
    expiry_digest.send()
    (message,) = mail.outbox
    assert within.name in message.body
    assert "不在其中" not in message.body


def test_nothing_is_sent_when_there_is_nothing(owner: User, administrator: User) -> None:
    expiring(40, (owner,))
    expiry_digest.send()
    assert mail.outbox == []
    assert not ExpiryDigest.objects.exists()


def test_one_mail_a_person_and_day_however_often_it_runs(owner: User, at_eight: Any) -> None:
    expiring(3, (owner,))
    expiry_digest.send()
    expiring(3, (owner,))
    result = expiry_digest.send()
    assert (result.sent, result.already, len(mail.outbox)) == (0, 1, 1)
    stored = ExpiryDigest.objects.get()
    assert (stored.user, stored.day, stored.recordings) == (owner, date(2026, 3, 2), 1)
    assert stored.sent_at == MORNING
    at_eight.move_to(MORNING + timedelta(days=1))
    assert expiry_digest.send().sent == 1
    assert len(mail.outbox) == 2


def test_the_day_is_beijings(owner: User, at_eight: Any) -> None:
    expiring(3, (owner,))
    at_eight.move_to(datetime.fromisoformat("2026-03-02T23:59:00+08:00"))
    expiry_digest.send()
    at_eight.move_to(datetime.fromisoformat("2026-03-03T00:01:00+08:00"))
    expiry_digest.send()
    assert [str(row.day) for row in ExpiryDigest.objects.order_by("day")] == ["2026-03-02", "2026-03-03"]


def test_an_interrupted_mail_is_not_sent_twice(owner: User) -> None:
    """Its worker was killed before it could say so: nobody knows, and a second mail is worse than none."""
    expiring(3, (owner,))
    ExpiryDigest.objects.create(user=owner, day=date(2026, 3, 2), begun_at=timezone.now())
    assert expiry_digest.send().already == 1
    assert mail.outbox == []


@pytest.mark.parametrize("error", [SMTPException("550 nobody here"), TimeoutError(), ValueError("address")])
def test_a_mail_that_fails_does_not_stop_the_others_and_is_tried_again(
    owner: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    second = person(username="wang", email="wang@example.org")
    expiring(3, (owner, second))
    send = EmailMultiAlternatives.send

    def unless_li(message: Any, *args: Any, **options: Any) -> int:
        if message.to == ["li@example.org"]:
            raise error
        return send(message, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", unless_li)
        with pytest.raises(Retry):
            send_expiry_digests.apply(throw=True)
    assert set(sent()) == {"wang@example.org"}
    assert list(ExpiryDigest.objects.values_list("user", flat=True)) == [second.pk]
    assert "li@example.org" not in caplog.text
    send_expiry_digests.apply(throw=True)
    assert [message.to[0] for message in mail.outbox] == ["wang@example.org", "li@example.org"]


def test_a_room_whose_owners_cannot_be_mailed_is_told_to_the_administrators(administrator: User) -> None:
    left = person(username="left", email="left@example.org", is_active=False)
    silent = person(username="silent")
    expiring(3, (left, silent), name="谁来管")
    expiry_digest.send()
    assert set(sent()) == {"admin@example.org"}
    assert "谁来管" in mail.outbox[0].body


def test_an_administrator_who_owns_a_room_gets_one_mail_with_both(administrator: User) -> None:
    expiring(3, (administrator,), name="自己的")
    expiring(3, (), name="没有主人的")
    expiry_digest.send()
    (message,) = mail.outbox
    assert "自己的" in message.body
    assert "没有主人的" in message.body


def test_what_nobody_can_be_told_of_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    expiring(3)
    assert expiry_digest.send().untold == 1
    assert "nobody has an address" in caplog.text


def test_names_are_escaped_and_stay_on_their_line(owner: User) -> None:
    room = RoomFactory(title="<b>数学</b>")
    expiring(3, (owner,), room, name='<script>alert("1")</script>\n2026-03-03 08:00  假的一行')
    expiry_digest.send()
    (message,) = mail.outbox
    html = html_of(message)
    assert "<script>" not in html
    assert "<b>数学</b>" not in html
    assert "&lt;script&gt;" in html
    assert '<script>alert("1")</script> 2026-03-03 08:00 假的一行' in message.body  # text is text
    assert "\n2026-03-03" not in message.body


def test_a_hold_is_pointed_out(owner: User) -> None:
    expiring(3, (owner,), held_at=timezone.now())
    expiry_digest.send()
    assert "保全中" in mail.outbox[0].body
    assert "保全中" in html_of(mail.outbox[0])


def test_a_long_list_is_cut_and_counted(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry_digest, "MOST", 2)
    room = RoomFactory()
    for number, days in enumerate((5, 3, 4)):
        expiring(days, (owner,), room, session_id=number, name=f"第{days}天")
    expiry_digest.send()
    (message,) = mail.outbox
    assert message.subject == "14 天内有 3 个回放到期"
    assert "第5天" not in message.body  # the soonest are written out
    assert "还有 1 个" in message.body


def test_without_a_site_url_there_are_no_links(owner: User, settings: Any) -> None:
    settings.SITE_URL = ""
    expiring(3, (owner,))
    expiry_digest.send()
    assert "http" not in mail.outbox[0].body
    assert "href" not in html_of(mail.outbox[0])


def test_without_a_mail_server_nothing_is_claimed_to_be_sent(owner: User, settings: Any) -> None:
    settings.EMAIL_URL = ""
    expiring(3, (owner,))
    assert expiry_digest.send().sent == 0
    assert mail.outbox == []
    assert not ExpiryDigest.objects.exists()
