"""The groups that the migrations make."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django_celery_beat.models import PeriodicTask

from config.celery import app
from playback.operations import registry

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

ADMINISTRATORS_ALONE = {"delete", "delete_version", "hold", "release_hold", "remove_person"}


def member(role: str) -> User:
    user = User.objects.create_user(role)
    user.groups.add(Group.objects.get(name=role))
    return User.objects.get(pk=user.pk)


def test_who_may_run_what() -> None:
    kinds = registry.kinds()
    people = {role: member(role) for role in ("administrator", "course staff", "teacher")}
    may = {
        role: {name for name, kind in kinds.items() if user.has_perm(kind.permission)} for role, user in people.items()
    }
    assert may["administrator"] == set(kinds)
    assert may["course staff"] == set(kinds) - ADMINISTRATORS_ALONE
    assert may["teacher"] == set()


@pytest.mark.parametrize("role", ["administrator", "course staff", "teacher"])
def test_everybody_may_look_and_preview(role: str) -> None:
    assert member(role).has_perms(
        ["playback.view_room", "playback.view_recording", "playback.view_version", "playback.preview_recording"]
    )


def test_only_administrators_keep_people_and_decide_for_others() -> None:
    for permission in ("auth.change_user", "playback.confirm_any_operation", "playback.release_syncrun"):
        assert member("administrator").has_perm(permission)
        assert not member("course staff").has_perm(permission)
        User.objects.all().delete()


def test_the_engine_is_tended_by_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    task = PeriodicTask.objects.get(name="Operations: take up what was lost")
    assert task.task in app.tasks
    assert (task.enabled, task.queue, task.interval.every) == (True, "person", 15)
