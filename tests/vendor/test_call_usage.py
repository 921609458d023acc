"""``manage.py vendor_calls`` tells the truth: about paths, and about what makes each call."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from playback.call_usage import Usage, scan
from playback.conf import vendor_client
from playback.models import Recording, Room
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane
from playback.vendor.endpoints import ENDPOINTS
from playback.vendor.transport import Transport


@pytest.fixture(scope="module")
def usage() -> Usage:
    return scan()


def scanned(folder: Path, source: str) -> Usage:
    (folder / "playback").mkdir(exist_ok=True)
    (folder / "playback" / "some.py").write_text(dedent(source))
    return scan(folder, ["playback"])


def test_nothing_in_the_project_makes_calls_in_a_way_that_cannot_be_seen(usage: Usage) -> None:
    assert usage.doubtful == []


def test_the_main_job_is_seen(usage: Usage) -> None:
    for call in ("list_rooms", "list_recordings", "recording_info", "set_publish_status", "delete_recording"):
        assert usage.places(call), call
    assert usage.places("create_key") == []


@pytest.mark.django_db
def test_calls_that_are_made_are_calls_that_are_seen(usage: Usage, sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What really runs, against the real stack of callers: each call's first frame outside the client is listed."""
    from playback.models import SyncRun
    from playback.sync.passes import run_pass

    made: set[tuple[str, str]] = set()
    call = Transport.call

    def noting(self, endpoint, params, upload=None, **how):  # type: ignore[no-untyped-def]
        frame = sys._getframe(1)
        while frame.f_globals["__name__"].startswith("playback.vendor."):
            frame = frame.f_back  # type: ignore[assignment]
        made.add((endpoint.name, f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"))  # type: ignore[attr-defined]
        return call(self, endpoint, params, upload, **how)

    monkeypatch.setattr(Transport, "call", noting)
    room_id = sandbox.state.add_room("公开课")
    sandbox.state.add_recording(room_id)
    now = timezone.now()
    recording = Recording.objects.create(
        room=Room.objects.create(room_id=room_id, first_seen_at=now), first_seen_at=now
    )
    refresh_recording(vendor_client(Lane.PERSON), recording)
    for kind in SyncRun.Kind:
        run_pass(kind, full=True, lane=Lane.SYNC, trigger=SyncRun.Trigger.COMMAND)
    assert {name for name, _ in made} >= {"recording_info", "list_versions", "list_rooms", "list_recordings"}
    for name, place in made:
        assert any(place == seen or place.startswith(f"{seen}.<locals>") for seen in usage.places(name)), (name, place)


def test_every_style_of_use_is_seen(tmp_path: Path) -> None:
    found = scanned(
        tmp_path,
        """
        def client_for(item) -> VendorClient: ...
        def other(vendor: "VendorClient | None"):
            vendor.recording_info(1)
        def direct():
            vendor_client(Lane.PERSON).player_token(1)
            def deeper():
                api = client_for(1)
                return partial(api.list_rooms, page=1)
        class Task:
            api: VendorClient
            def run(self):
                for page in self.api.pages(self.api.list_versions, room_id=1): ...
                with_name = self.client.delete_recording
        def vendor_client(lane) -> VendorClient: ...
        """,
    )
    assert [(use.call, use.place) for use in found.uses] == [
        ("delete_recording", "playback.some.Task.run"),
        ("list_rooms", "playback.some.direct.deeper"),
        ("list_versions", "playback.some.Task.run"),
        ("player_token", "playback.some.direct"),
        ("recording_info", "playback.some.other"),
    ]
    assert found.doubtful == []


def test_a_use_that_hides_is_doubtful(tmp_path: Path) -> None:
    found = scanned(
        tmp_path,
        """
        from . import lookup
        def hidden(thing, client, name):
            lookup.delete_recording(client)
            thing.delete_recording(1)
            getattr(client, name)(1)
            thing.expiry = 3
        """,
    )
    assert [(use.call, use.line) for use in found.doubtful] == [("delete_recording", 5), ("?", 6)]
    assert found.uses == []


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("vendor_calls", *arguments, stdout=out)
    return out.getvalue()


def test_the_table_has_every_call_and_the_overridden_path(settings) -> None:
    settings.BAIJIAYUN_PATHS = {"class_times": "playback/classTime"}
    rows = {row["name"]: row for row in json.loads(run("--json"))}
    assert set(rows) == set(ENDPOINTS)
    assert (rows["class_times"]["status"], rows["class_times"]["path"]) == ("overridden", "playback/classTime")
    assert rows["mark_points"]["status"] == "assumed"
    assert rows["recording_info"] | {"used_by": []} == {
        "number": 1,
        "name": "recording_info",
        "path": "playback/getBasicInfo",
        "status": "known",
        "repeatable": True,
        "used_by": [],
    }
    lines = run().splitlines()
    (line,) = [line for line in lines if " set_publish_status " in line]
    assert line.split()[:4] == ["7", "set_publish_status", "playback/setPublishStatus", "known"]
    assert line.split()[4] == "operation:"
    (unused,) = [line for line in lines if " create_key " in line]
    assert unused.split()[-1] == "-"
    assert lines[-1].startswith("45 calls, ")


def test_a_misspelt_name_is_one_sentence(settings) -> None:
    settings.BAIJIAYUN_PATHS = {"clas_times": "x/y"}
    with pytest.raises(CommandError, match="unknown call 'clas_times'"):
        run()
