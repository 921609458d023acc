"""The sandbox as a server: it remembers over restarts, is steered from outside, and starts and ends as it should."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from playback.sandbox.callbacks import wait_for
from playback.sandbox.server import Sandbox
from playback.sandbox.state import LISTED, State

from .sloppy import SloppyClient

ROOT = Path(__file__).parent.parent.parent


def test_the_state_and_what_was_still_to_happen_outlive_a_restart(tmp_path):
    database = tmp_path / "sandbox.sqlite3"
    crop = json.dumps([{"start_time": 0, "end_time": 6, "name": "导入"}])
    with Sandbox(database, "1", "k", transcode_seconds=0.6) as first:
        room = first.state.add_room("课")
        first.state.add_recording(room)
        client = SloppyClient(first.base_url, "1", "k")
        client("video_account/setTranscodeCallbackUrl", url="http://127.0.0.1:9/x")
        assert client("playback/update", room_id=room, name="改名")["code"] == 0
        assert client("playback/batchCrop", room_id=room, crop_info=crop)["code"] == 0
        token = client("playback/getPlayerToken", room_id=room).data["token"]
    with Sandbox(database, "1", "k") as second:
        client = SloppyClient(second.base_url, "1", "k")
        assert client("playback/getBasicInfo", room_id=room).data["name"] == "改名"
        assert client("video_account/getTranscodeCallbackUrl").data["url"] == "http://127.0.0.1:9/x"
        assert client.send("GET", f"/web/playback/index?classid={room}&token={token}")[0] == 200
        assert wait_for(lambda: second.state.version(room, 0, 1)["status"] == 100)


@pytest.mark.parametrize("remove", ["remove_recording", "remove_room"])
def test_video_ids_do_not_come_back_after_a_restart(tmp_path, remove):
    state = State(tmp_path / "a.sqlite3")
    room = state.add_room()
    taken = state.add_recording(room)["video_id"]
    state.close()
    state = State(tmp_path / "a.sqlite3")
    getattr(state, remove)(room)
    state.close()
    state = State(tmp_path / "a.sqlite3")
    assert state.add_recording(state.add_room())["video_id"] > taken
    state.close()


def test_deep_pages_are_what_an_offset_gives(tmp_path):
    """The lists' anchors against a plain query, with changes in between."""
    state = State(tmp_path / "a.sqlite3")
    room = state.add_room()
    with state.bulk_load():
        for number in range(1, 3001):
            state.insert("recordings", playback_id=number, room_id=room, session_id=number, product_type=1 + number % 2)
            state.insert(
                "versions",
                video_id=number,
                playback_id=number,
                room_id=room,
                session_id=number,
                product_type=1 + number % 2,
                is_main=1,
                created_at=number // 5,
            )

    def page(offset: int, product_type: int) -> list[int]:
        total, rows = state.list_versions(offset=offset, limit=700, product_type=product_type)
        expected = state.rows(
            "SELECT video_id FROM versions WHERE ? IN (0, product_type) ORDER BY created_at DESC, video_id DESC",
            (product_type,),
        )
        assert total == len(expected)
        found = [row[LISTED.index("video_id")] for row in rows]
        assert found == [row["video_id"] for row in expected][offset : offset + 700]
        return found

    for product_type in (0, 1):
        for offset in (0, 700, 1400, 2100, 2800, 1400, 3500, 650):
            page(offset, product_type)
        state.remove_recording(room, 2990)
        page(1400, product_type)
    state.close()


# ---------------------------------------------------------------- the control API


def control(sandbox, method: str, action: str, body: object = None, **headers: str) -> tuple[int, object]:
    request = urllib.request.Request(f"{sandbox.base_url}/_sandbox/{action}", method=method)
    for name, value in ({"X-Sandbox-Secret": "the tests' secret"} | headers).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_class_ends_now(sandbox, vendor):
    sandbox.transcode_seconds = 0.2
    status, made = control(sandbox, "POST", "add_recording", {"name": "刚结束的课", "length": 60})
    assert status == 200
    rows = vendor("playback/getList", product_type=0, page=1, page_size=10).data["list"]
    assert [(row["room_id"], row["status"]) for row in rows] == [(made["room_id"], 20)]
    assert wait_for(lambda: sandbox.state.recording(made["room_id"])["status"] == 100)
    hall = sandbox.state.add_room(is_long_term=True)
    sessions = [control(sandbox, "POST", "add_recording", {"room_id": hall})[1]["session_id"] for _ in range(2)]
    assert sessions[1] == sessions[0] + 1
    assert control(sandbox, "POST", "add_recording", {"room_id": 5})[0] == 400
    assert control(sandbox, "POST", "add_recording", {"room_id": made["room_id"]})[0] == 400


def test_faults_settings_calls_and_counts(sandbox, vendor):
    status, fault = control(sandbox, "POST", "faults", {"call": "callback_url", "kind": "refuse", "code": 2003})
    assert status == 200
    assert vendor("video_account/getTranscodeCallbackUrl")["code"] == 2003
    assert [each["kind"] for each in control(sandbox, "GET", "faults")[1]] == ["refuse"]
    assert control(sandbox, "DELETE", "faults", {"id": fault["id"]})[0] == 200
    assert vendor("video_account/getTranscodeCallbackUrl")["code"] == 0
    assert control(sandbox, "POST", "faults", {"call": "callback_url", "kind": "?"})[0] == 400
    assert control(sandbox, "POST", "settings", {"rate_limit": 1, "partner_valid_day": 3})[0] == 200
    assert (sandbox.window.limit, sandbox.state.setting("partner_valid_day")) == (1, 3)
    assert control(sandbox, "POST", "settings", {"colour": 1})[0] == 400
    assert [call["code"] for call in control(sandbox, "GET", "calls")[1]] == [2003, 0]
    assert control(sandbox, "GET", "state")[1]["counts"]["rooms"] == 0


def test_only_who_knows_the_secret_may_steer(sandbox):
    assert control(sandbox, "GET", "state", **{"X-Sandbox-Secret": "guess"})[0] == 403
    assert control(sandbox, "GET", "state", Host="evil.example")[0] == 404
    assert control(sandbox, "GET", "respond")[0] == 404
    assert control(sandbox, "OPTIONS", "faults")[0] == 404


def test_without_a_secret_there_is_no_control(tmp_path):
    with Sandbox(tmp_path / "a.sqlite3", "1", "k") as server:
        assert control(server, "GET", "state", **{"X-Sandbox-Secret": ""})[0] == 404


# ---------------------------------------------------------------- the command


def start(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    own = {
        "ENVIRONMENT": "demo",
        "BAIJIAYUN_PARTNER_ID": "123",
        "BAIJIAYUN_PARTNER_KEY": "the-key",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'never-made.sqlite3'}",
        "VAR_DIR": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_command_serves_and_ends_cleanly_on_term(tmp_path):
    process = start(tmp_path, "--port", "0", "--rate-limit", "0")
    line = process.stdout.readline()
    assert line.startswith("Sandbox vendor at http://127.0.0.1:"), line
    client = SloppyClient(line.split()[3], "123", "the-key")
    assert client("room/list", page=1).data == {"list": []}
    process.terminate()
    assert process.communicate(timeout=20)[0] == "Sandbox vendor ended.\n"
    assert process.returncode == 0
    assert not (tmp_path / "never-made.sqlite3").exists()
    assert (tmp_path / "sandbox.sqlite3.secret").stat().st_mode & 0o777 == 0o600


def test_it_starts_in_production_if_told_to_and_ends_on_ctrl_c(tmp_path):
    production = {"ENVIRONMENT": "production", "SECRET_KEY": "x" * 50}
    process = start(tmp_path, "--port", "0", "--allow-production", **production)
    assert process.stdout.readline().startswith("Sandbox vendor at")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "Sandbox vendor ended.\n"
    assert process.returncode == 0


@pytest.fixture
def account(settings, tmp_path) -> None:
    settings.ENVIRONMENT = "demo"
    settings.VAR_DIR = tmp_path
    settings.BAIJIAYUN_PARTNER_ID, settings.BAIJIAYUN_PARTNER_KEY = "123", "the-key"


def test_a_busy_port_is_one_sentence(account):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"^Port {port} on 127.0.0.1 is taken: choose another with --port.$"):
            call_command("sandbox", port=port)


def test_it_does_not_start_in_production_by_itself(account, settings):
    settings.ENVIRONMENT = "production"
    with pytest.raises(CommandError, match="--allow-production"):
        call_command("sandbox", port=0)


def test_it_needs_the_accounts_id_and_key(account, settings):
    settings.BAIJIAYUN_PARTNER_KEY = ""
    with pytest.raises(CommandError, match="BAIJIAYUN_PARTNER_KEY"):
        call_command("sandbox", port=0)
