"""The trash's page, and what the recordings' pages say of the trash and of holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from playback.models import WHOLE, Operation, Recording, TrashEntry
from playback.operations import execute
from tests.factories import RecordingFactory, VersionFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

LIST = "admin:playback_trashentry_changelist"
DAY = timedelta(days=1)


def entry(recording: Recording | None = None, version: int = WHOLE, days: float = 5, **values: Any) -> TrashEntry:
    now = timezone.now()
    if recording is None:
        recording = RecordingFactory(publish_status=2)
    facts = {"put_at": now - DAY, "due_at": now + days * DAY, "former_publish_status": 1, **values}
    return TrashEntry.objects.create(recording=recording, version=version, **facts)


def shown(client: Client, **query: Any) -> set[int]:
    page = client.get(reverse(LIST), query)
    assert page.status_code == 200
    return {row.pk for row in page.context["cl"].result_list}


def act(client: Client, how: str, entries: list[TrashEntry], **more: Any) -> Any:
    return client.post(reverse(LIST), {"action": how, ACTION_CHECKBOX_NAME: [row.pk for row in entries], **more})


def page_of(client: Client, recording: Recording) -> str:
    return client.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()


def test_the_list_says_how_each_stands(staff: Client) -> None:
    who = person("teacher", username="张老师")
    waiting = entry(put_by=who, days=3.5)
    entry(days=0.5)
    due = entry(days=-1)
    held = entry(RecordingFactory(held_at=timezone.now(), hold_reason="诉讼保全"))
    published = entry(RecordingFactory(publish_status=1))
    main = entry(RecordingFactory(main_version=1), version=1)
    operation = execute.plan("delete", None, Recording.objects.filter(pk=due.recording_id), {}, automatic=True)
    execute.run_automatically(operation)
    page = staff.get(reverse(LIST), headers={"accept-language": "en"})
    assert {row.pk: row.standing.code for row in page.context["cl"].result_list if row.pk != due.pk}.items() >= {
        waiting.pk: "trash_waiting",
        held.pk: "trash_held",
        published.pk: "trash_published",
        main.pk: "trash_main",
    }.items()
    words = page.content.decode()
    assert "张老师" in words
    assert {row.pk: row.standing.code for row in page.context["cl"].result_list}[due.pk] == "trash_going"
    assert shown(staff, state="stays") == {held.pk, published.pk, main.pk}


def test_a_failed_try_is_shown_with_the_vendors_words(staff: Client) -> None:
    row = entry(days=-1)
    operation = execute.plan("delete", None, Recording.objects.filter(pk=row.recording_id), {}, automatic=True)
    execute.run_automatically(operation)
    TrashEntry.objects.update(operation=operation)
    why = {"code": "refused", "vendor": {"code": 1, "message": "今天<不行>"}}
    operation.items.update(outcome="refused", reason=why, finished_at=timezone.now())
    words = staff.get(reverse(LIST)).content.decode()
    assert "1: 今天&lt;不行&gt;" in words
    assert reverse("admin:playback_operation_report", args=[operation.uuid]) in words
    assert "1: 今天&lt;不行&gt;" in page_of(staff, row.recording)


def test_filters_and_search(staff: Client) -> None:
    whole, version = entry(), entry(version=1)
    restored = entry(ended_at=timezone.now(), ended_as="restored")
    deleted = entry(ended_at=timezone.now(), ended_as="deleted")
    assert shown(staff) == {whole.pk, version.pk}
    assert shown(staff, state="restored") == {restored.pk}
    assert shown(staff, state="deleted") == {deleted.pk}
    assert len(shown(staff, state="all")) == 4
    assert shown(staff, what="recordings") == {whole.pk}
    assert shown(staff, what="versions") == {version.pk}
    assert shown(staff, q=str(whole.recording.room_id)) == {whole.pk}
    assert shown(staff, q=version.recording.name) == {version.pk}
    assert shown(staff, due_at_from="2999-01-01") == set()


def test_a_selection_is_restored_or_deleted_after_a_plan(administrator: Client) -> None:
    first, second, done = entry(), entry(), entry(ended_at=timezone.now(), ended_as="restored")
    answer = act(administrator, "restore", [first, second, done])
    operation = Operation.objects.get()
    assert answer.url.startswith(reverse("admin:playback_operation_plan", args=[operation.uuid]))
    assert operation.kind == "restore"
    assert set(operation.items.values_list("recording", flat=True)) == {first.recording_id, second.recording_id}
    operation.delete()
    act(administrator, "delete", [first])
    assert [(o.kind, o.state, o.items.count()) for o in Operation.objects.all()] == [("delete", "planned", 1)]


def test_versions_are_restored_and_deleted_as_versions(administrator: Client) -> None:
    recording = RecordingFactory()
    for number in (0, 1, 2):
        VersionFactory(recording=recording, version=number)
    row, other = entry(recording, version=1), entry(recording, version=2)
    act(administrator, "delete", [row])
    operation = Operation.objects.get()
    assert (operation.kind, operation.parameters) == ("delete_version", {"versions": {str(recording.pk): [1]}})
    assert operation.items.get().outcome == "planned"
    operation.delete()
    act(administrator, "restore", [row, other])
    assert Operation.objects.get().items.get().change == {"version 1": ["in", None], "version 2": ["in", None]}


def test_recordings_and_versions_are_not_mixed(administrator: Client) -> None:
    answer = act(administrator, "restore", [entry(), entry(version=1)])
    assert answer.status_code == 302
    assert not Operation.objects.exists()
    assert administrator.get(reverse(LIST)).context["messages"]._loaded_data
    act(administrator, "restore", [entry(ended_at=timezone.now(), ended_as="deleted")])
    assert not Operation.objects.exists()


def test_the_buttons_of_a_row(staff: Client, administrator: Client) -> None:
    row = entry()
    urls = {how: reverse("admin:playback_trashentry_operate", args=[row.pk, how]) for how in ("restore", "delete")}
    assert staff.get(urls["restore"]).status_code == 405
    assert staff.post(urls["restore"]).status_code == 302
    assert Operation.objects.get().kind == "restore"
    # Staff may not delete at once: neither is it offered, nor does it work.
    words = staff.get(reverse(LIST)).content.decode()
    assert urls["restore"] in words
    assert urls["delete"] not in words
    assert '<option value="delete"' not in words
    assert staff.post(urls["delete"]).status_code == 403
    assert urls["delete"] in administrator.get(reverse(LIST)).content.decode()
    assert administrator.post(urls["delete"]).status_code == 302
    assert administrator.post(urls["delete"].replace("/delete/", "/explode/")).status_code == 404
    assert sorted(Operation.objects.values_list("kind", flat=True)) == ["delete", "restore"]


def test_who_may_look(teacher: Client, staff: Client) -> None:
    row = entry()
    assert teacher.get(reverse(LIST)).status_code == 403
    restore = reverse("admin:playback_trashentry_operate", args=[row.pk, "restore"])
    assert teacher.post(restore).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="course-staff"))
    assert strict.post(restore).status_code == 403
    change = reverse("admin:playback_trashentry_change", args=[row.pk])
    assert staff.get(change).url == reverse("admin:playback_recording_change", args=[row.recording_id])
    assert teacher.get(change).status_code == 403


def test_the_number_of_queries_does_not_grow(staff: Client) -> None:
    counted = []
    for more in (2, 20):
        for n in range(more):
            entry(days=n - 3)
            entry(version=1)
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(reverse(LIST)).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12, [query["sql"] for query in queries]


def test_a_trashed_recordings_page_has_a_banner_and_a_way_back(staff: Client, teacher: Client) -> None:
    recording = RecordingFactory(publish_status=2)
    VersionFactory(recording=recording, version=3)
    words = page_of(staff, recording)
    assert 'data-kind="trash"' in words
    assert 'data-kind="restore"' not in words
    row = entry(recording)
    entry(recording, version=3)
    words = page_of(staff, recording)
    restore = reverse("admin:playback_recording_operate", args=[recording.pk, "restore"])
    assert timezone.localtime(row.due_at).strftime("%Y-%m-%d %H:%M:%S") in words
    assert words.count(restore) == 2  # in the banner and among the buttons
    assert 'data-kind="trash"' not in words
    assert 'data-kind="publish"' not in words
    page = staff.get(reverse("admin:playback_recording_change", args=[recording.pk]))
    assert page.context["trash_badge"]
    assert [bool(line.trashed) for line in page.context["versions"]] == [True]
    assert restore not in page_of(teacher, recording)
    assert staff.post(restore).status_code == 302
    assert Operation.objects.get().kind == "restore"


def test_a_held_recording_says_why(staff: Client, administrator: Client) -> None:
    recording = RecordingFactory(
        held_at=timezone.now(), hold_reason="诉讼<保全>", held_by=person("teacher", username="法务")
    )
    words = page_of(staff, recording)
    assert "诉讼&lt;保全&gt;" in words
    assert "法务" in words
    assert "release_hold" not in words
    assert "release_hold" in page_of(administrator, recording)
    assert 'data-kind="delete"' not in page_of(administrator, recording)
    assert 'data-kind="trash"' not in words
    assert "诉讼&lt;保全&gt;" in staff.get(reverse("admin:playback_recording_changelist")).content.decode()


def test_the_recordings_filter(staff: Client) -> None:
    plain = RecordingFactory()
    held = RecordingFactory(held_at=timezone.now(), hold_reason="诉讼")
    trashed = entry().recording
    entry(plain, version=1)

    def found(keeping: str) -> set[int]:
        page = staff.get(reverse("admin:playback_recording_changelist"), {"keeping": keeping})
        return {row.pk for row in page.context["cl"].result_list}

    assert found("held") == {held.pk}
    assert found("trashed") == {trashed.pk}
    assert found("neither") == {plain.pk, held.pk}
    assert len(found("")) == 3


# ---------------------------------------------------------------- forms


def operate(client: Client, recording: Recording, kind: str, **posted: Any) -> Any:
    return client.post(reverse("admin:playback_recording_operate", args=[recording.pk, kind]), posted)


def test_the_days_are_asked_for_and_wrong_ones_are_a_sentence(staff: Client, settings: Any) -> None:
    settings.TRASH_DAYS = 11
    recording = RecordingFactory()
    assert operate(staff, recording, "trash").context["form"]["days"].value() == 11
    for wrong in ("0", "91", "x", ""):
        answer = operate(staff, recording, "trash", days=wrong, _planned="1")
        assert answer.context["form"].errors.keys() == {"days"}
        assert f'value="{wrong}"' in answer.content.decode() or not wrong
    assert not Operation.objects.exists()
    assert operate(staff, recording, "trash", days="2", _planned="1").status_code == 302
    assert Operation.objects.get().parameters == {"days": 2}


@pytest.mark.parametrize("kind", ["trash_version", "delete_version", "restore_version"])
def test_only_the_cuts_that_it_is_about_are_offered(administrator: Client, kind: str) -> None:
    recording = RecordingFactory(main_version=3)
    for number in range(4):
        VersionFactory(recording=recording, version=number, name=f"剪辑<{number}>")
    entry(recording, version=2)
    form = operate(administrator, recording, kind).context["form"]
    offered = [value for value, _label in form.fields["version"].choices]
    assert offered == {"trash_version": [1], "delete_version": [1, 2], "restore_version": [2]}[kind]
    answer = operate(administrator, recording, kind, version="0", days="7", _planned="1")
    assert answer.context["form"].errors.keys() == {"version"}
    assert operate(administrator, recording, kind, version=offered[0], days="7", _planned="1").status_code == 302
    assert Operation.objects.get().items.get().outcome == "planned"


def test_a_hold_wants_its_reason(administrator: Client, staff: Client) -> None:
    recording = RecordingFactory()
    for wrong in ("", "ab", "  a  "):
        answer = operate(administrator, recording, "hold", reason=wrong, _planned="1")
        assert answer.context["form"].errors.keys() == {"reason"}
    assert operate(staff, recording, "hold", reason="诉讼保全", _planned="1").status_code == 403
    assert operate(administrator, recording, "hold", reason="诉讼保全", _planned="1").status_code == 302
    assert Operation.objects.get().parameters == {"reason": "诉讼保全"}


def test_the_side_bar_leads_to_the_trash(staff: Client, teacher: Client) -> None:
    url = reverse(LIST)
    assert url in staff.get(reverse("admin:index")).content.decode()
    assert url not in teacher.get(reverse("admin:index")).content.decode()


def test_versions_of_several_recordings_go_together(administrator: Client) -> None:
    rows = [entry(VersionFactory(version=1).recording, version=1) for _ in range(2)]
    act(administrator, "restore", rows)
    operation = Operation.objects.get()
    assert operation.kind == "restore_version"
    assert set(operation.items.values_list("recording", "outcome")) == {(row.recording_id, "planned") for row in rows}


def test_the_versions_list_marks_what_is_in_the_trash(staff: Client) -> None:
    alone, with_whole, free = (VersionFactory(version=1) for _ in range(3))
    entry(alone.recording, version=1)
    entry(with_whole.recording)
    page = staff.get(reverse("admin:playback_version_changelist"))
    marked = {row.pk for row in page.context["cl"].result_list if row.trash_entry is not None}
    assert marked == {alone.pk, with_whole.pk}
    badge = ">delete</span>在回收站中</span>"
    assert page.content.decode().count(badge) == 2
    for version, told in ((alone, True), (with_whole, True), (free, False)):
        own = staff.get(reverse("admin:playback_version_change", args=[version.pk])).content.decode()
        assert (badge in own) == told
