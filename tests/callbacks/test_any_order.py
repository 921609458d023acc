"""Whatever the order, the repeats and the moment at which deliveries come: in the end the mirror is the vendor.

A vendor lives on (classes end, transcoding ends well or badly, versions are cut, made anew, deleted) while its
callbacks are held back; some come in between, the rest at the end, in any order and some of them twice. Signed and
posted as a form each, applied at any moment. The mirror knows of no list: all it has it got by callbacks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from playback.callbacks import handlers
from playback.models import Delivery, OverdueLook, Recording, Room, Version
from playback.sandbox import transcoding
from playback.sandbox.server import Sandbox
from tests.conftest import PARTNER_ID, PARTNER_KEY

from .makers import post, signed

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
SESSIONS = (202403010, 202403011)
EVENTS = st.tuples(
    st.sampled_from(
        ["transcoded", "transcoded", "failed", "again", "cut", "main", "render", "delete cut", "delete", "end class"]
    ),
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([0, 0, 1, 2]),
)
COMING = st.tuples(st.just("comes"), st.integers(0, 30), st.booleans())
STORY = st.lists(st.one_of(EVENTS, EVENTS, EVENTS, COMING), min_size=1, max_size=20)


class Vendor:
    """A sandbox whose background work and callbacks are done by hand."""

    def __init__(self, sandbox: Sandbox, honest: bool) -> None:
        sandbox.forget()
        sandbox.window.limit = 0
        sandbox.state.set_account(PARTNER_ID, PARTNER_KEY)
        sandbox.callbacks.pause()
        sandbox.transcode_seconds = 3600
        sandbox.state.set_setting("callback_url", "http://127.0.0.1:9/")
        self.sandbox, self.state, self.honest = sandbox, sandbox.state, honest
        self.room = sandbox.state.add_room("高一数学", is_long_term=True)
        self.start = int(time.time()) - 3600

    def pending(self) -> list[dict[str, str]]:
        """All callbacks of its life so far. An honest vendor's time is when it happened, even in the same second now
        and then; another one's is when it is sent."""
        sent = []
        for number, row in enumerate(self.state.deliveries()):
            when = {"timestamp": self.start + number // 2} if self.honest else {"timestamp": int(time.time())}
            name = {"qid": f"q{number}"} if self.honest else {}
            sent.append(signed(row["fields"], **when, **name))
        return sent

    def live(self, what: str, session: int, version: int) -> None:
        key = self.room, SESSIONS[session]
        row = self.state.recording(*key)
        if what == "end class":
            if row is None:
                transcoding.end_class(self.sandbox, *key, name=f"第{session}节")
            return
        if row is None:
            return
        cut = self.state.version(*key, version)
        if what == "cut":
            added = self.state.add_version(*key, name="上半节", status=20, length=60)
            transcoding.begin(self.sandbox, added["video_id"], rebuilt=True)
        elif what == "delete":
            # No callback tells of it; but one that was on its way comes after it.
            transcoding.transcoded(self.sandbox, {"video_id": row["video_id"], "rebuilt": False})
            self.state.remove_recording(*key)
        elif cut is None:
            return
        elif what in ("transcoded", "failed"):
            self.sandbox.failing = {"transcode"} if what == "failed" else set()
            transcoding.transcoded(self.sandbox, {"video_id": cut["video_id"], "rebuilt": version > 0})
        elif what == "again":
            transcoding.begin(self.sandbox, cut["video_id"], rebuilt=True)
        elif what == "main":
            self.state.set_main(row["playback_id"], version)
            self.sandbox.callbacks.queue("CB3", transcoding.rebuilt_fields(cut))
        elif what == "delete cut" and version:
            self.state.remove_version(*key, version)
            # Nothing tells of a deleted cut but what comes after; so that something does:
            self.sandbox.callbacks.queue("CB3", transcoding.rebuilt_fields(cut))
        elif what == "render":
            fields = {"room_id": self.room, "session_id": key[1], "version": version, "video_id": 10**9 + version}
            self.sandbox.callbacks.queue("CB2", fields | {"status": 100, "is_from_playback": 1})

    def facts(self) -> dict[int, Any]:
        found = {}
        for session in SESSIONS:
            if (row := self.state.recording(self.room, session)) is not None:
                versions = self.state.versions(self.room, session)
                found[session] = (
                    row["name"],
                    row["status"],
                    row["video_id"] if row["status"] == 100 else None,
                    {cut["version"]: cut["status"] for cut in versions},
                )
        return found


def mirrored(told: set[int]) -> dict[int, Any]:
    found = {}
    for row in Recording.objects.live():
        versions = dict(row.versions.filter(gone_at=None).values_list("version", "status"))
        found[row.session_id] = (row.name, row.status, row.video_id if row.status == 100 else None, versions)
    assert set(found) <= told
    return found


@pytest.fixture
def quiet(sandbox: Sandbox) -> Iterator[Sandbox]:
    yield sandbox
    sandbox.callbacks.resume()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    database=None,
)
@given(story=STORY, honest=st.booleans(), data=st.data())
def test_in_the_end_the_mirror_is_the_vendor(
    quiet: Sandbox, story: list[tuple[Any, int, Any]], honest: bool, data: st.DataObject
) -> None:
    for model in (OverdueLook, Delivery, Version, Recording, Room):
        model._default_manager.all().delete()
    vendor = Vendor(quiet, honest)
    for session in (0, 1):
        vendor.live("end class", session, 0)
    for what, number, more in story:
        if what != "comes":
            vendor.live(what, number, more)
        elif waiting := vendor.pending():
            assert post(waiting[number % len(waiting)]).status_code == 200
            if more:
                work()
    sent = vendor.pending()
    order = data.draw(st.permutations([*range(len(sent)), *range(0, len(sent), 3)]))
    working = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    for index, at_once in zip(order, working, strict=True):
        assert post(sent[index]).status_code == 200
        if at_once:
            work()
    work()
    told = {int(fields.get("session_id", 0)) for fields in sent}
    theirs = {session: facts for session, facts in vendor.facts().items() if session in told}
    assert mirrored(told) == theirs
    assert Delivery.objects.count() == len({fields["qid"] for fields in sent})
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"applied", "ignored"}
    for version in Version.objects.filter(recording__gone_at=None, rendered_video_id__isnull=False):
        assert version.rendered_video_id == 10**9 + version.version


def work() -> None:
    """As the workers do: a task a recording."""
    handlers.take_up()
    for pk in Delivery.objects.filter(state="received").order_by("pk").values_list("pk", flat=True):
        handlers.apply([pk])
