"""``manage.py play_links``."""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from playback.models import PlayLink
from playback.sandbox.server import Sandbox
from tests.operations.makers import make_user
from tests.operations.vendor import recorded

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_superuser("chief")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("play_links", *arguments, stdout=out)
    return out.getvalue()


def test_links_go_to_a_file_of_its_owner_alone(sandbox: Sandbox, chief: User, tmp_path: Path) -> None:
    good, blocked = recorded(sandbox, name="好课"), recorded(sandbox, name="屏蔽课", publish_status=2)
    path = tmp_path / "links.xlsx"
    chosen = [part for key in (good.vendor_key, blocked.vendor_key) for part in ("--recording", key)]
    told = run("--user", "chief", *chosen, "--out", str(path))
    assert "1 links made, 1 not" in told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(openpyxl.load_workbook(path).active.values)
    links = [str(cell) for row in rows for cell in row if str(cell).startswith("http")]
    assert len(links) == 1
    assert PlayLink.objects.get().recording == good
    assert links[0] not in told
    with pytest.raises(CommandError, match="cannot be made"):
        run("--user", "chief", *chosen, "--out", str(path))
    assert PlayLink.objects.count() == 1


def test_plan_makes_nothing(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    assert recording.vendor_key in run("--user", "chief", "--recording", recording.vendor_key, "--plan")
    assert not PlayLink.objects.exists()


def test_the_right_is_the_persons(sandbox: Sandbox, tmp_path: Path) -> None:
    make_user("teacher", "view_recording")
    with pytest.raises(CommandError, match="no right"):
        run("--user", "teacher", "--recording", recorded(sandbox).vendor_key, "--out", str(tmp_path / "x.xlsx"))
    assert not (tmp_path / "x.xlsx").exists()


@pytest.mark.parametrize("wrong", [("--hours", "0"), ("--number", "12a"), ()])
def test_what_is_wrong_is_a_sentence(sandbox: Sandbox, chief: User, wrong: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run("--user", "chief", "--recording", recorded(sandbox).vendor_key, *wrong)
