"""Links against the sandbox: they open its player, they say why they were not made, and the ledger knows of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from playback.models import PlayLink, Recording, TrashEntry
from playback.play_links import ledger, making
from playback.play_links.making import Why, make_for_many, make_for_one
from playback.play_links.terms import Terms
from playback.player import Viewer
from playback.sandbox.server import Sandbox
from tests.factories import person
from tests.operations.vendor import LOST_AFTER, mirrored, recorded
from tests.play_links.vendor import A_DAY, FOR_EVER, ONCE, maker, opened, query_of, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
WANG = Viewer("王 芳&x=1", 2023001)


@pytest.mark.parametrize("session_id", [0, 202403011])
def test_a_link_for_a_time_plays_for_whom_it_was_made(sandbox: Sandbox, session_id: int) -> None:
    user, recording = maker(), recorded(sandbox, session_id=session_id)
    (result,) = make_for_one(user, recording, [WANG], A_DAY)
    query = query_of(result.url)
    assert (query["user_name"], query["user_number"]) == ("王 芳&x=1", "2023001")
    assert "+" not in result.url
    assert query.get("session_id", "0") == str(session_id)
    page = opened(result.url)
    assert page.status_code == 200
    assert "王 芳&amp;x=1" in page.text
    assert opened(result.url).status_code == 200

    row = PlayLink.objects.get()
    assert (row.recording, row.kind, row.made_by, row.for_name, row.for_number) == (
        recording, PlayLink.Kind.TIMED, user, "王 芳&x=1", 2023001
    )  # fmt: skip
    assert row.expires_at == row.made_at + timedelta(days=1)
    assert row.token_hash == ledger.hash_of(query["token"])
    assert recording.vendor_key in row.label
    at_the_vendor = sandbox.state.token(query["token"])
    assert at_the_vendor["expires_at"] >= int(row.expires_at.timestamp())


def test_a_link_for_ever_never_ends(sandbox: Sandbox) -> None:
    (result,) = make_for_one(maker(), recorded(sandbox), [Viewer()], FOR_EVER)
    assert sandbox.state.token(token_of(result))["expires_at"] is None
    assert PlayLink.objects.get().expires_at is None
    assert set(query_of(result.url)) == {"classid", "token"}


def test_one_time_links_open_once_each(sandbox: Sandbox) -> None:
    results = make_for_one(maker(), recorded(sandbox), [Viewer("王"), Viewer("李"), Viewer()], ONCE)
    assert len({token_of(result) for result in results}) == 3
    for result in results:
        assert opened(result.url).status_code == 200
        again = opened(result.url)
        assert again.status_code == 403
        assert "播放凭证已使用" in again.text
    assert set(PlayLink.objects.values_list("kind", flat=True)) == {PlayLink.Kind.ONE_TIME}
    row = PlayLink.objects.first()
    assert row is not None
    assert row.expires_at == row.made_at + timedelta(hours=24)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"publish_status": 2}, Why.BLOCKED),
        ({"status": 0}, Why.NOT_RECORDED),
        ({"status": 10}, Why.GENERATING),
        ({"status": 20}, Why.TRANSCODING),
        ({"status": 30}, Why.FAILED),
    ],
)
@pytest.mark.parametrize("terms", [A_DAY, ONCE])
def test_the_vendors_state_counts_for_one_recording(
    sandbox: Sandbox, facts: dict[str, int], why: Why, terms: Terms
) -> None:
    recording = recorded(sandbox)
    sandbox.state.update_recording(recording.room_id, **facts)
    (result,) = make_for_one(maker(), recording, [WANG], terms)
    assert (result.made, result.why, result.url) == (False, why, "")
    assert result.sentence
    assert not PlayLink.objects.exists()


def test_what_the_mirror_knows_to_be_over_is_not_asked_for(sandbox: Sandbox) -> None:
    gone, trashed = recorded(sandbox), recorded(sandbox)
    Recording.objects.filter(pk=gone.pk).update(gone_at=timezone.now())
    TrashEntry.objects.create(recording=trashed, put_at=timezone.now(), due_at=timezone.now())
    gone.refresh_from_db()
    user = maker()
    sandbox.calls.clear()
    assert [make_for_one(user, row, [WANG], A_DAY)[0].why for row in (gone, trashed)] == [Why.GONE, Why.IN_TRASH]
    assert [result.why for result in make_for_many(user, [gone, trashed], WANG, A_DAY)] == [Why.GONE, Why.IN_TRASH]
    assert not list(sandbox.calls)


def test_gone_there_and_expired_there(sandbox: Sandbox) -> None:
    gone, expired = recorded(sandbox), mirrored(sandbox)
    sandbox.state.update_recording(expired.room_id, expires_at=1_700_000_000)
    Recording.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(days=1))
    expired.refresh_from_db()
    user = maker()
    sandbox.faults.add("recording_info", "refuse", times=1, code=3002, message="房间已删除")
    (result,) = make_for_one(user, gone, [WANG], A_DAY)
    assert (result.why, result.words) == (Why.GONE, "3002: 房间已删除")
    (result,) = make_for_one(user, expired, [WANG], A_DAY)
    assert result.why == Why.EXPIRED
    assert "过期" in result.words
    (result,) = make_for_many(user, [expired], WANG, A_DAY)
    assert result.why == Why.EXPIRED
    assert not PlayLink.objects.exists()


@pytest.mark.parametrize(
    ("terms", "call"), [(A_DAY, "player_token"), (FOR_EVER, "player_token"), (ONCE, "one_time_token")]
)
@pytest.mark.parametrize(
    ("fault", "options", "why"),
    [
        ("refuse", {"code": 1, "message": "不可播放"}, Why.REFUSED),
        ("refuse", {"code": 2002, "message": "无权限"}, Why.MISCONFIGURED),
        ("rate_limit", {}, Why.BUSY),
        ("html", {}, Why.LOST),
        ("wrong_types", {"how": "empty_lists"}, Why.LOST),
        *[(name, how, Why.LOST) for name, how in LOST_AFTER],
    ],
)
def test_a_call_that_fails_makes_no_row(
    sandbox: Sandbox, terms: Terms, call: str, fault: str, options: dict[str, Any], why: Why
) -> None:
    recording = recorded(sandbox)
    sandbox.faults.add(call, fault, **options)
    results = make_for_one(maker(), recording, [WANG, Viewer("李")], terms)
    assert [result.why for result in results] == [why, why]
    assert len(sandbox.calls.of(call)) == 1  # not asked for the second
    if fault == "refuse":
        assert results[0].words == f"{options['code']}: {options['message']}"
    assert not PlayLink.objects.exists()


def test_what_was_made_before_a_failure_stays_made(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, user = recorded(sandbox), maker()
    sandbox.window.clear()
    monkeypatch.setattr(sandbox.window, "limit", 2)
    results = make_for_one(user, recording, [Viewer("甲"), Viewer("乙"), Viewer("丙")], ONCE)
    assert [result.why for result in results] == [None, Why.BUSY, Why.BUSY]
    assert [row.for_name for row in PlayLink.objects.all()] == ["甲"]
    assert opened(results[0].url).status_code == 200


def test_unreachable_and_without_an_account(sandbox: Sandbox, settings: LazySettings) -> None:
    recording = recorded(sandbox)
    user = maker()
    settings.BAIJIAYUN_BASE_URL = "http://127.0.0.1:9"
    assert make_for_one(user, recording, [WANG], A_DAY)[0].why == Why.UNREACHABLE
    assert make_for_many(user, [recording], WANG, A_DAY)[0].why == Why.UNREACHABLE
    settings.BAIJIAYUN_BASE_URL = ""
    settings.BAIJIAYUN_PRIVATE_DOMAIN = ""
    assert make_for_one(user, recording, [WANG], A_DAY)[0].why == Why.MISCONFIGURED
    assert make_for_many(user, [recording], WANG, A_DAY)[0].why == Why.MISCONFIGURED
    assert not PlayLink.objects.exists()


def test_only_who_may_makes_links(sandbox: Sandbox) -> None:
    recording = recorded(sandbox)
    left = maker()
    left.is_active = False
    sandbox.calls.clear()
    for user in (person("teacher"), person(), AnonymousUser(), left):
        with pytest.raises(PermissionDenied):
            make_for_one(user, recording, [WANG], A_DAY)
        with pytest.raises(PermissionDenied):
            make_for_many(user, [recording], WANG, A_DAY)
    assert not list(sandbox.calls)
    alone = person(username="alone")
    alone.user_permissions.add(Permission.objects.get(codename="make_play_links"))
    assert make_for_one(alone, recording, [WANG], A_DAY)[0].made


# ---------------------------------------------------------------- a selection


def many(sandbox: Sandbox, count: int) -> list[Recording]:
    return [recorded(sandbox, name=f"第{number}讲") for number in range(count)]


def test_a_selection_is_asked_for_in_batches_and_each_link_plays(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BATCH", 2)
    recordings = [*many(sandbox, 4), recorded(sandbox, session_id=202403011)]
    sandbox.calls.clear()
    results = make_for_many(maker(), recordings, WANG, A_DAY)
    assert [result.recording for result in results] == recordings
    assert sandbox.calls.names() == ["player_tokens"] * 3
    for result in results:
        assert opened(result.url).status_code == 200
        assert query_of(result.url)["classid"] == str(result.recording.room_id)
    rows = PlayLink.objects.all()
    assert {row.token_hash for row in rows} == {ledger.hash_of(token_of(result)) for result in results}
    assert {row.for_number for row in rows} == {2023001}


def test_what_the_vendor_leaves_out_is_refused_and_the_rest_is_made(sandbox: Sandbox) -> None:
    good, blocked_there, blocked_here, deleted_there = many(sandbox, 4)
    sandbox.state.update_recording(blocked_there.room_id, publish_status=2)
    sandbox.state.remove_recording(deleted_there.room_id)
    blocked_here.publish_status = 2
    results = make_for_many(maker(), [good, blocked_there, blocked_here, deleted_there], WANG, A_DAY)
    assert [result.why for result in results] == [None, Why.NO_TOKEN, Why.BLOCKED, Why.NO_TOKEN]
    assert [row.recording for row in PlayLink.objects.all()] == [good]


@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("refuse", {"code": 1001, "message": "参数错误"}, [Why.REFUSED, Why.REFUSED, None]),
        ("html", {}, [Why.LOST, Why.LOST, None]),
        ("timeout_after_change", {"seconds": 1.5}, [Why.LOST, Why.LOST, None]),
        ("refuse", {"code": 1002, "message": "签名错误"}, [Why.MISCONFIGURED] * 3),
        ("rate_limit", {}, [Why.BUSY] * 3),
    ],
)
def test_a_failed_batch_costs_the_others_nothing_unless_it_fails_for_all(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str, options: dict[str, Any], expected: list[Why | None]
) -> None:
    monkeypatch.setattr(making, "BATCH", 2)
    recordings = many(sandbox, 3)
    sandbox.faults.add("player_tokens", fault, times=1, **options)
    results = make_for_many(maker(), recordings, WANG, A_DAY)
    assert [result.why for result in results] == expected
    assert PlayLink.objects.count() == expected.count(None)


def test_a_slow_vendor_ends_the_asking(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BATCH", 1)
    monkeypatch.setattr(making, "ASKING", 0.2)
    recordings = many(sandbox, 3)
    sandbox.faults.add("player_tokens", "latency", times=1, seconds=0.3)
    user = maker()
    results = make_for_many(user, recordings, WANG, A_DAY)
    assert [result.why for result in results] == [None, Why.NOT_ASKED, Why.NOT_ASKED]
    sandbox.faults.add("one_time_token", "latency", times=1, seconds=0.3)
    results = make_for_one(user, recordings[0], [Viewer("甲"), Viewer("乙")], ONCE)
    assert [result.why for result in results] == [None, Why.NOT_ASKED]
    assert PlayLink.objects.count() == 2


def test_too_many_and_one_time_links_are_no_batch(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MOST_RECORDINGS", 1)
    user = maker()
    with pytest.raises(ValueError, match="at most 1"):
        make_for_many(user, many(sandbox, 2), WANG, A_DAY)
    with pytest.raises(ValueError, match="for a time"):
        make_for_many(user, [], WANG, ONCE)
