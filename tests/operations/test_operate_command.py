"""``manage.py operate``: the same plans, rights and rows as in the admin."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from playback.models import Operation
from playback.operations import registry
from playback.sandbox.server import Sandbox

from .makers import make_user
from .vendor import drive, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


def operate(*arguments: str) -> str:
    out = StringIO()
    call_command("operate", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_plan_shows_and_changes_nothing(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox, name="第1课")
    told = operate("block", "--user", "chief", "--recording", recording.vendor_key, "--plan")
    assert "第1课" in told
    assert not Operation.objects.exists()
    assert not sandbox.calls.of("set_publish_status")


def test_it_runs_as_in_the_admin(sandbox: Sandbox, chief: User) -> None:
    one, two = recorded(sandbox, name="数学一"), recorded(sandbox, name="数学二")
    other = recorded(sandbox, name="语文")
    operate("rename", "--user", "chief", "--query", "q=数学", "--set", "pattern={name}（新）", "--yes")
    operation = Operation.objects.get()
    assert (operation.user, operation.selection, operation.state) == (chief, "q=数学", Operation.State.QUEUED)
    drive(operation)
    names = [(row(sandbox, recording) or {})["name"] for recording in (one, two, other)]
    assert names == ["数学一（新）", "数学二（新）", "语文"]


def test_rights_are_the_persons(sandbox: Sandbox) -> None:
    make_user("teacher", "view_recording")
    with pytest.raises(CommandError, match="no right"):
        operate("block", "--user", "teacher", "--recording", recorded(sandbox).vendor_key, "--yes")
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the kinds of operation are"),
        (("explode",), "the kinds of operation are"),
        (("block",), "--user"),
        (("block", "--user", "nobody"), "no person 'nobody'"),
        (("block", "--user", "chief"), "--recording"),
        (("block", "--user", "chief", "--recording", "x"), "not ROOM"),
        (("block", "--user", "chief", "--recording", "123"), "not in the mirror: 123"),
        (("block", "--user", "chief", "--query", "q=none"), "selected|没有选择|未选择|没有选中"),
        (("rename", "--user", "chief", "--query", "", "--set", "name"), "NAME=VALUE"),
        (("rename", "--user", "chief", "--query", "", "--file", "/nowhere/x.png"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_a_sentence(chief: User, arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        operate(*arguments)


def test_without_a_person_to_ask_it_wants_yes(sandbox: Sandbox, chief: User) -> None:
    with pytest.raises(CommandError, match="--yes"):
        operate("block", "--user", "chief", "--recording", recorded(sandbox).vendor_key)
    assert not Operation.objects.exists()


def test_every_kind_is_listed() -> None:
    told = operate("--list")
    assert all(name in told for name in registry.kinds())
