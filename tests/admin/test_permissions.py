"""Who may open which page, and do what: the three groups of the migration, and somebody in none of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from playback.models import Operation, Recording
from playback.operations import execute, registry
from tests.factories import MergeFactory, OperationFactory, RecordingFactory, SyncRunFactory, VersionFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

MIRROR = {"room", "recording", "version"}
LISTS = ["room", "recording", "version", "merge", "syncrun", "operation"]
MAY_SEE = {
    "administrator": {*LISTS},
    "course staff": {*LISTS},
    "teacher": MIRROR,
    "": set(),
}
KINDS = sorted(name for name, kind in registry.kinds().items() if not kind.targetless)


@pytest.mark.parametrize("group", MAY_SEE)
@pytest.mark.parametrize("model", LISTS)
def test_lists_and_pages_open_for_those_who_may_see_them(
    signed_in: Callable[[str], Client], group: str, model: str
) -> None:
    client = signed_in(group)
    recording = RecordingFactory()
    rows = {
        "room": recording.room,
        "recording": recording,
        "version": VersionFactory(recording=recording),
        "merge": MergeFactory(),
        "syncrun": SyncRunFactory(),
        "operation": OperationFactory(state="done"),
    }
    expected = 200 if model in MAY_SEE[group] else 403

    assert client.get(reverse(f"admin:playback_{model}_changelist")).status_code == expected
    page = client.get(reverse(f"admin:playback_{model}_change", args=[rows[model].pk]), follow=True)
    assert page.status_code == expected
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("model", LISTS)
def test_nobody_adds_changes_or_deletes_a_row_here(signed_in: Callable[[str], Client], model: str) -> None:
    client = signed_in("superuser")
    recording = RecordingFactory()
    rows = {
        "room": recording.room,
        "recording": recording,
        "version": VersionFactory(recording=recording),
        "merge": MergeFactory(),
        "syncrun": SyncRunFactory(),
        "operation": OperationFactory(state="done"),
    }
    row = rows[model]
    assert client.get(reverse(f"admin:playback_{model}_add")).status_code == 403
    assert client.get(reverse(f"admin:playback_{model}_delete", args=[row.pk])).status_code == 403
    assert client.post(reverse(f"admin:playback_{model}_change", args=[row.pk]), {}).status_code in {302, 405}
    row.refresh_from_db()


def test_pages_ask_for_a_sign_in(client: Client) -> None:
    recording = RecordingFactory()
    for url in (
        reverse("admin:playback_recording_changelist"),
        reverse("admin:playback_recording_change", args=[recording.pk]),
        reverse("recording-preview", args=[recording.pk]),
    ):
        answer = client.get(url)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


def test_sign_in_without_a_destination_leads_to_the_front_page(client: Client) -> None:
    user = person("teacher")
    user.set_password("a long word")
    user.save()
    answer = client.post(reverse("admin:login"), {"username": user.username, "password": "a long word"})
    assert answer.status_code == 302
    assert client.get(answer.url).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_teacher_cannot_plan_anything(teacher: Client, kind: str) -> None:
    recording = RecordingFactory()
    changelist = reverse("admin:playback_recording_changelist")

    menu = teacher.get(changelist).content.decode()
    assert ACTION_CHECKBOX_NAME not in menu
    detail = teacher.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()
    assert "/operate/" not in detail

    posted = {"action": kind, ACTION_CHECKBOX_NAME: [recording.pk], "name": "新", "_planned": "1"}
    teacher.post(changelist, posted)
    one = teacher.post(
        reverse("admin:playback_recording_operate", args=[recording.pk, kind]), {"name": "新", "_planned": "1"}
    )
    assert one.status_code == 403
    assert not Operation.objects.exists()


def test_everybody_is_offered_the_actions_that_they_may_run(
    staff: Client, administrator: Client, teacher: Client
) -> None:
    RecordingFactory()
    for client, group in ((staff, "course staff"), (administrator, "administrator"), (teacher, "teacher")):
        may = person(group, username=f"another {group}")
        menu = client.get(reverse("admin:playback_recording_changelist")).content.decode()
        for name, kind in registry.kinds().items():
            listed = kind.in_lists and not kind.only_one and not kind.targetless
            offered = listed and may.has_perm(kind.permission)
            assert (f'<option value="{name}"' in menu) == offered, (group, name)


def test_a_right_of_ones_own_is_enough_and_no_more(client: Client) -> None:
    from django.contrib.auth.models import Permission

    user = person("teacher")
    user.user_permissions.add(Permission.objects.get(codename="block_recording"))
    client.force_login(user)
    recording = RecordingFactory()
    page = client.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()
    assert 'data-kind="block"' in page
    assert 'data-kind="delete"' not in page


@pytest.mark.parametrize(
    ("name", "arguments"), [("confirm", {}), ("discard", {}), ("plan", None), ("report", None), ("progress", None)]
)
def test_somebody_elses_operation_is_closed_to_a_teacher(teacher: Client, name: str, arguments: object) -> None:
    operation = execute.plan("block", person("course staff"), _one(), {})
    url = reverse(f"admin:playback_operation_{name}", args=[operation.uuid])
    answer = teacher.post(url) if arguments is not None else teacher.get(url)
    assert answer.status_code == 403
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED


def test_a_colleague_sees_a_plan_but_cannot_confirm_it(staff: Client) -> None:
    owner = person("course staff", username="owner")
    operation = execute.plan("block", owner, _one(), {})
    page = staff.get(reverse("admin:playback_operation_plan", args=[operation.uuid]))
    assert page.status_code == 200
    assert "owner" in page.content.decode()
    assert "confirm-form" not in page.content.decode()
    assert staff.post(reverse("admin:playback_operation_confirm", args=[operation.uuid])).status_code == 403
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("admin:playback_recording_operate", ["block"]),
        ("admin:playback_syncrun_start", None),
        ("admin:playback_syncrun_release", []),
    ],
)
def test_whatever_changes_something_takes_post_alone(
    signed_in: Callable[[str], Client], url: str, arguments: list[str] | None
) -> None:
    client = signed_in("superuser")
    path = reverse(url, args=None if arguments is None else [RecordingFactory().pk, *arguments])
    assert client.get(path).status_code == 405


def test_whatever_changes_something_wants_the_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("course staff"))
    recording = RecordingFactory()
    for path in (
        reverse("admin:playback_recording_operate", args=[recording.pk, "block"]),
        reverse("admin:playback_recording_changelist"),
    ):
        assert client.post(path, {"action": "block", ACTION_CHECKBOX_NAME: recording.pk}).status_code == 403
    assert not Operation.objects.exists()


def _one() -> object:
    return Recording.objects.filter(pk=RecordingFactory().pk)
