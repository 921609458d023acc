"""Planning: what is stored before anything is sent."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from playback.models import Operation, Recording, Version
from playback.operations import execute, reasons, registry
from playback.operations.base import OperationInvalid
from playback.vendor.codes import PublishStatus, RecordingStatus

from .makers import START, make_recordings, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


def test_a_plan_says_for_each_target_what_will_change_or_why_not() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(2)
    make_recordings(1, publish_status=PublishStatus.BLOCKED.value)
    make_recordings(1, status=RecordingStatus.TRANSCODING.value, publish_status=None)
    make_recordings(1, gone_at=timezone.now())
    operation = execute.plan("block", user, Recording.objects.order_by("pk"), {})
    assert [(i.outcome, i.change, i.before, i.reason) for i in operation.items.all()] == [
        ("planned", {"publish_status": [1, 2]}, {"publish_status": 1}, {}),
        ("planned", {"publish_status": [1, 2]}, {"publish_status": 1}, {}),
        ("skipped", {}, {}, {"code": "already_blocked"}),
        ("skipped", {}, {}, {"code": "transcoding"}),
        ("skipped", {}, {}, {"code": "gone"}),
    ]
    with translation.override("en"):
        lines = {line.text: line.number for line in execute.plan_summary(operation)}
    assert lines == {
        "will be blocked": 2,
        "It is already blocked.": 1,
        "It is still transcoding.": 1,
        "The vendor no longer has this recording.": 1,
    }
    assert execute.counts(operation) == {
        "planned": 2, "running": 0, "working": 0, "done": 0, "refused": 0, "skipped": 3, "cancelled": 0, "unknown": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"),
    [(0, "not_recorded"), (10, "generating"), (20, "transcoding"), (30, "transcoding_failed"), (100, None), (77, None)],
)
@pytest.mark.parametrize("kind", ["publish", "block"])
def test_only_what_is_ready_has_a_publish_state(kind: str, status: int, code: str | None) -> None:
    make_recordings(1, status=status, publish_status=None)
    operation = execute.plan(kind, make_user("staff", f"{kind}_recording"), Recording.objects.all(), {})
    item = operation.items.get()
    assert item.reason.get("code") == code
    assert item.change == ({} if code else {"publish_status": [None, 1 if kind == "publish" else 2]})


def test_the_selections_order_is_the_plans_order_and_a_target_is_one_target() -> None:
    user = make_user("staff", "block_recording")
    first, second, third = make_recordings(3)
    Version.objects.bulk_create(Version(recording=second, version=n, first_seen_at=START) for n in range(3))
    joined = Recording.objects.exclude(pk=-1).order_by("-versions__version", "-pk")  # the second thrice
    operation = execute.plan("block", user, joined, {})
    ids = list(operation.items.values_list("recording_id", flat=True))
    assert sorted(ids) == [first.pk, second.pk, third.pk]
    assert ids.index(third.pk) < ids.index(first.pk)


def test_a_large_selection_costs_no_query_a_row() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(600)
    many = {}
    for number in (300, 600):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            execute.plan("block", user, Recording.objects.order_by("pk")[:number], {})
        many[number] = len(queries)
    assert many[600] - many[300] <= 10  # only more chunks


@pytest.mark.parametrize("kind", ["publish", "block", "rename", "delete", "refresh"])
def test_a_plan_needs_the_kinds_permission(kind: str) -> None:
    make_recordings(1)
    own = registry.get(kind).permission.split(".")[1]
    others = {made.permission.split(".")[1] for made in registry.kinds().values()} - {own}
    with pytest.raises(PermissionDenied):
        execute.plan(kind, make_user("other", *others), Recording.objects.all(), {"name": "x"})
    inactive = make_user("left", own)
    inactive.is_active = False
    with pytest.raises(PermissionDenied):
        execute.plan(kind, inactive, Recording.objects.all(), {"name": "x"})
    assert not Operation.objects.exists()
    assert execute.plan(kind, make_user("right", own), Recording.objects.all(), {"name": "x"}).items.count() == 1


def test_nothing_selected_and_unknown_kinds_are_sentences() -> None:
    user = make_user("staff", "block_recording")
    with pytest.raises(OperationInvalid) as nothing:
        execute.plan("block", user, Recording.objects.none(), {})
    assert nothing.value.errors.keys() == {""}
    with pytest.raises(OperationInvalid) as unknown:
        execute.plan("explode", user, Recording.objects.all(), {})
    assert unknown.value.errors.keys() == {"kind"}
    assert not Operation.objects.exists()


def test_delete_says_how_many_versions_go() -> None:
    first, second = make_recordings(2)
    Version.objects.bulk_create(Version(recording=first, version=n, first_seen_at=START) for n in range(3))
    Version.objects.create(recording=first, version=9, first_seen_at=START, gone_at=START)
    operation = execute.plan("delete", make_user("staff", "remove_recording"), Recording.objects.order_by("pk"), {})
    assert [item.change for item in operation.items.all()] == [{"versions": [3, 0]}, {"versions": [1, 0]}]
    assert second.pk in operation.items.values_list("recording_id", flat=True)


def test_refresh_also_takes_what_is_marked_as_gone() -> None:
    make_recordings(1, gone_at=START)
    operation = execute.plan("refresh", make_user("staff", "refresh_recording"), Recording.objects.all(), {})
    assert execute.counts(operation)["planned"] == 1


def test_every_reason_is_told_in_both_languages_without_a_gap() -> None:
    registry.load()  # the kinds bring sentences of their own
    for code in reasons.SENTENCES:
        names = re.findall(r"%\((\w+)\)", str(reasons.SENTENCES[code]))
        stored = reasons.reason(code, **dict.fromkeys(names, 3))
        for language in ("en", "zh-hans"):
            with translation.override(language):
                assert reasons.text(stored)
                assert "%(" not in reasons.text(stored)


def test_the_vendors_words_stay_its_own() -> None:
    stored = reasons.reason("refused", vendor={"code": 1, "message": "教室100%已满"})
    assert reasons.vendor_words(stored) == "1: 教室100%已满"
    assert reasons.vendor_words(reasons.reason("refused", vendor={"code": 1001, "message": ""})) == "1001"
    assert reasons.vendor_words({}) == ""
    assert reasons.text({"code": "from_a_later_release"}) == "from_a_later_release"


def test_what_is_for_one_recording_is_refused_for_several() -> None:
    make_recordings(2)
    user = make_user("editor", "edit_marks")
    with pytest.raises(OperationInvalid) as invalid:
        execute.plan("set_marks", user, Recording.objects.all(), {"content": [[60, "导入"]]})
    assert invalid.value.errors.keys() == {""}
    assert not Operation.objects.exists()


def test_the_summary_leaves_open_what_differs() -> None:
    with translation.override("en"):
        assert reasons.text({"code": "version_not_ready"}) == "Its version … is not ready."
        assert reasons.text({"code": "gone"}) == "The vendor no longer has this recording."
