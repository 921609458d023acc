"""One list read from the sandbox: who is on it, who left, and when nothing may be concluded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.lists import ListOf, RecordingList, RoomList
from members.models import Member, MemberList, RecordingMembership, RoomMembership
from members.sync import store
from members.sync.reading import ListRead, read_list
from playback.conf import vendor_client
from playback.models import Recording, Room
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorGone, VendorOutcomeUnknown, VendorRefused

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
People = Callable[..., list[int]]


def read(which: ListOf, **options: Any) -> ListRead:
    return read_list(vendor_client(Lane.SYNC), which, **options)


def on(which: ListOf) -> set[int]:
    return store.ids_here(which)


def put(vendor: Sandbox, which: ListOf, ids: list[int]) -> None:
    """On the list at the vendor."""
    if which.of == "room":
        vendor.state.add_room_members(which.pk, ids)
    else:
        playback_id = vendor.state.recording(which.owner.room_id, 0)["playback_id"]
        vendor.state.add_recording_members(playback_id, ids)


def take(vendor: Sandbox, which: ListOf, ids: list[int]) -> None:
    if which.of == "room":
        vendor.state.remove_room_members(which.pk, ids)
    else:
        playback_id = vendor.state.recording(which.owner.room_id, 0)["playback_id"]
        vendor.state.remove_recording_members(playback_id, ids)


@pytest.fixture(params=["room", "recording"])
def which(request: pytest.FixtureRequest, room: Room, recording: Recording) -> ListOf:
    return RoomList(room) if request.param == "room" else RecordingList(recording)


def test_a_list_of_several_pages_is_read_to_its_end(vendor: Sandbox, which: ListOf, people: People) -> None:
    ids = people(12)
    put(vendor, which, ids)
    before = timezone.now()
    answer = read(which)
    assert (answer.complete, answer.error, answer.total, answer.pages) == (True, "", 12, 3)
    assert on(which) == set(ids)
    kept = MemberList.objects.get()
    assert (kept.total, kept.error) == (12, "")
    assert kept.read_at is not None
    assert kept.read_at >= before
    member = Member.objects.get(pk=ids[3])
    assert (member.name, member.user_sn, member.phone_number, member.email) == (
        "学生3", str(ids[3] + 800_000), "13800130003", "student3@example.org",
    )  # fmt: skip
    assert member.role == 0
    assert member.created_at is not None
    assert member.synced_at is not None


def test_reading_again_writes_nothing_but_that_it_was_read(vendor: Sandbox, which: ListOf, people: People) -> None:
    put(vendor, which, people(4))
    read(which)
    synced = dict(Member.objects.values_list("pk", "synced_at"))
    first = MemberList.objects.get().read_at
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert read(which).complete
    assert dict(Member.objects.values_list("pk", "synced_at")) == synced
    assert MemberList.objects.get().read_at > first
    writes = [q["sql"] for q in queries if q["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert all("memberlist" in sql for sql in writes), writes


def test_a_page_costs_few_statements(vendor: Sandbox, room: Room, people: People, settings: Any) -> None:
    settings.SYNC_PAGE_SIZE = 300
    put(vendor, RoomList(room), people(150))
    with CaptureQueriesContext(connection) as queries:
        assert read(RoomList(room)).complete
    inserts = [q["sql"] for q in queries if "members_member" in q["sql"]]
    assert len(inserts) < (12 if connection.vendor == "postgresql" else 160)  # SQLite counts an executemany by row
    assert len([sql for sql in inserts if sql.startswith("SELECT")]) <= 3


def test_who_left_is_found_and_comes_back(vendor: Sandbox, which: ListOf, people: People) -> None:
    ids = people(7)
    put(vendor, which, ids)
    read(which)
    take(vendor, which, ids[:2])
    answer = read(which)
    assert (answer.complete, answer.counts.left) == (True, 2)
    assert on(which) == set(ids[2:])
    gone = Member.objects.filter(gone_at__isnull=False)
    assert set(gone.values_list("pk", flat=True)) == set(ids[:2])  # on no other list
    put(vendor, which, ids[:1])
    assert read(which).counts.joined == 1
    assert on(which) == {ids[0], *ids[2:]}
    assert set(Member.objects.filter(gone_at__isnull=False).values_list("pk", flat=True)) == {ids[1]}


def test_who_is_on_another_list_is_not_gone(vendor: Sandbox, room: Room, recording: Recording, people: People) -> None:
    ids = people(2)
    for each in (RoomList(room), RecordingList(recording)):
        put(vendor, each, ids)
        read(each)
    take(vendor, RoomList(room), ids)
    read(RoomList(room))
    assert on(RoomList(room)) == set()
    assert on(RecordingList(recording)) == set(ids)
    assert Member.objects.live().count() == 2
    Recording.objects.update(gone_at=timezone.now())  # its list names nobody any more
    assert store.sweep() == 2
    assert not Member.objects.live().exists()


class Moving:
    """The sandbox's list as :class:`ListOf` reads it, changing after the first page as ``change`` says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, which: ListOf, change: Callable[[], None], *, after: int = 1):
        self.calls = 0
        asked = type(which).ask

        def ask(this: Any, client: Any, page: int, page_size: int) -> Any:
            answer = asked(this, client, page, page_size)
            self.calls += 1
            if self.calls == after:
                change()
            return answer

        monkeypatch.setattr(type(which), "ask", ask)


def test_a_list_that_moves_marks_nobody(
    vendor: Sandbox, which: ListOf, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = people(12)
    put(vendor, which, ids)
    read(which)
    read_at = MemberList.objects.get().read_at
    take(vendor, which, ids[11:])
    Moving(monkeypatch, which, lambda: take(vendor, which, ids[:1]))  # the sixth moves onto the page that was read
    answer = read(which)
    assert not answer.complete
    assert "changed while it was read" in answer.error
    assert on(which) == set(ids)  # not even the one that really left
    kept = MemberList.objects.get()
    assert kept.read_at == read_at
    assert "changed" in kept.error


def test_one_leaves_and_one_joins_between_two_pages(
    vendor: Sandbox, which: ListOf, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The total stays, as many different people as it says are met, and the sixth was met by no page."""
    ids = people(13)
    put(vendor, which, ids[:12])
    read(which)

    def swap() -> None:
        take(vendor, which, ids[:1])
        put(vendor, which, ids[12:])

    Moving(monkeypatch, which, swap)
    answer = read(which)
    assert answer.complete  # it was read twice
    assert on(which) >= set(ids[1:])
    assert ids[5] in on(which)
    assert read(which).complete
    assert on(which) == set(ids[1:])


def test_a_row_that_cannot_be_read_marks_nobody(
    vendor: Sandbox, which: ListOf, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = people(3)
    put(vendor, which, ids)
    read(which)
    take(vendor, which, ids[:1])
    vendor.state.execute_many("UPDATE members SET role = ? WHERE user_id = ?", [("班主任", ids[1])])
    answer = read(which)
    assert not answer.complete
    assert "could not be read" in answer.error
    assert on(which) == set(ids)


def test_a_list_that_is_suddenly_empty_is_asked_twice(vendor: Sandbox, which: ListOf, people: People) -> None:
    ids = people(3)
    put(vendor, which, ids)
    read(which)
    take(vendor, which, ids)
    vendor.calls.clear()
    assert read(which).counts.left == 3
    assert len(vendor.calls.of(f"list_{which.of}_members")) == 2


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        ("refuse", {"code": 1, "message": "操作失败"}, VendorRefused),
        ("refuse", {"code": 3001, "message": "房间不存在"}, VendorGone),
        ("html", {}, VendorOutcomeUnknown),
        ("broken_json", {}, VendorOutcomeUnknown),
        ("drop", {"when": "before"}, VendorOutcomeUnknown),
        ("truncated", {}, VendorOutcomeUnknown),
        ("timeout_after_change", {"seconds": 1.0}, VendorOutcomeUnknown),
    ],
)
def test_trouble_is_kept_with_the_list_and_changes_nothing(
    vendor: Sandbox, which: ListOf, people: People, fault: str, options: dict[str, Any], error: type
) -> None:
    ids = people(6)
    put(vendor, which, ids)
    read(which)
    read_at = MemberList.objects.get().read_at
    vendor.faults.add(f"list_{which.of}_members", fault, **options)
    answer = read(which)
    assert isinstance(answer.failure, error)
    kept = MemberList.objects.get()
    assert kept.error
    assert kept.read_at == read_at
    assert kept.tried_at > read_at
    assert on(which) == set(ids)
    vendor.faults.clear()
    assert read(which).complete
    assert MemberList.objects.get().error == ""


@pytest.mark.parametrize("how", ["strings", "nulls", "missing"])
def test_loose_types_lose_nobody(vendor: Sandbox, which: ListOf, people: People, how: str) -> None:
    ids = people(6)
    put(vendor, which, ids)
    vendor.faults.add(f"list_{which.of}_members", "wrong_types", how=how)
    read(which)
    assert on(which) == set(ids)


def test_an_anonymous_person_stays_anonymous(vendor: Sandbox, room: Room, people: People) -> None:
    which = RoomList(room)
    (user_id,) = people(1)
    put(vendor, which, [user_id])
    read(which)
    Member.objects.update(name="", phone_number="", email="", anonymised_at=timezone.now(), payload_hash=None)
    Member.objects.update(gone_at=timezone.now())
    read(which)
    member = Member.objects.get()
    assert (member.name, member.phone_number, member.email, member.gone_at) == ("", "", "", None)


def test_what_an_operation_did_meanwhile_is_not_undone_by_an_older_page(
    vendor: Sandbox, which: ListOf, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = people(7)
    put(vendor, which, ids[:6])
    read(which)

    def staff() -> None:
        store.note_removed(which, [ids[0]], timezone.now())
        store.note_added(which, [ids[6]], timezone.now())
        take(vendor, which, [ids[0]])
        put(vendor, which, [ids[6]])

    Moving(monkeypatch, which, staff)
    read(which)
    assert on(which) == set(ids[1:])


def test_a_long_list_that_somebody_waits_for_is_left_to_the_schedule(
    vendor: Sandbox, which: ListOf, people: People
) -> None:
    put(vendor, which, people(12))
    answer = read(which, most_pages=2)
    assert answer.too_long
    assert not answer.complete
    kept = MemberList.objects.get()
    assert kept.read_at is None
    assert kept.wanted_at is not None
    assert len(on(which)) == 10  # what was met is kept
    assert read(which).complete
    assert MemberList.objects.get().wanted_at is None


def test_a_change_of_facts_is_stored(vendor: Sandbox, which: ListOf, people: People) -> None:
    (user_id,) = people(1)
    put(vendor, which, [user_id])
    read(which)
    vendor.state.execute_many("UPDATE members SET name = ?, role = ? WHERE user_id = ?", [("新名字", "1", user_id)])
    read(which)
    member = Member.objects.get()
    assert (member.name, member.role) == ("新名字", 1)


def test_memberships_are_of_their_own_list(vendor: Sandbox, room: Room, recording: Recording, people: People) -> None:
    one, two = people(2)
    put(vendor, RoomList(room), [one])
    put(vendor, RecordingList(recording), [two])
    read(RoomList(room))
    read(RecordingList(recording))
    assert RoomMembership.objects.get().member_id == one
    assert RecordingMembership.objects.get().member_id == two
    assert MemberList.objects.filter(read_at__gt=timezone.now() - timedelta(minutes=1)).count() == 2
