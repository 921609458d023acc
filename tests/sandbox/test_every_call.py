"""Every row of the endpoint table is answered, in the shape of the vendor's documented sample."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from playback.sandbox.call import ROUTES
from playback.sandbox.callbacks import wait_for
from playback.vendor.endpoints import ENDPOINTS

SAMPLES = json.loads((Path(__file__).parent.parent / "vectors" / "samples.json").read_text())
SESSION = 202401050


@pytest.fixture
def school(sandbox) -> dict[str, Any]:
    """A long-term room with one recording that has everything a call can ask for."""
    state = sandbox.state
    room = state.add_room("初三数学", is_long_term=True)
    row = state.add_recording(room, SESSION, name="第一讲", length=100, created_at=1_704_441_600)
    playback, video = row["playback_id"], row["video_id"]
    crop = state.add_version(room, SESSION, name="精华")
    ordinary = state.add_room("公开课")
    source = state.add_recording(ordinary)
    people = [state.add_member(f"小孙{number}") for number in range(3)]
    state.add_room_members(room, people)
    state.add_recording_members(playback, people)
    state.add_watch_record(playback, video, 1_704_441_700, user_number=7)
    document = state.add_document(room, SESSION)
    state.add_page_turn(room, SESSION, time_ms=500, page=0, document_id=document)
    state.add_class_time(room, SESSION, 1_704_441_600, 1_704_441_650)
    state.add_class_time(room, SESSION, 1_704_441_660, 1_704_441_700, auto_completion=True)
    state.set_mark_points(playback, 0, [(2, "导入")])
    fixed = state.add_recording(state.add_room("限时课"))["video_id"]
    state.update_version(fixed, expires_at=2_000_000_000)
    return {
        "room": room,
        "video": video,
        "crop": crop["version"],
        "ordinary": ordinary,
        "source": source["video_id"],
        "people": people,
        "newcomer": state.add_member("新同学"),
        "fixed": fixed,
        "vod": state.add_video(),
        "merge": state.add_merge(),
        "playback": playback,
    }


def parameters(name: str, school: dict[str, Any]) -> dict[str, Any]:
    """What the call is sent with."""
    where = {"room_id": school["room"], "session_id": SESSION}
    target = {"target_room_id": school["room"], "target_session_id": SESSION}
    people = ",".join(map(str, school["people"]))
    day = {"start_time": "2024-01-05 00:00:00", "end_time": "2024-01-05 23:59:59"}
    own: dict[str, dict[str, Any]] = {
        "list_recordings": {"product_type": 0, "page": 1, "page_size": 1000},
        "player_token": where | {"expires_in": 60},
        "player_tokens": {"room_ids": f"{school['ordinary']},{school['room']}-{SESSION}", "expires_in": 0},
        "recording_watch_records": where | day,
        "account_watch_records": day | {"page_size": 1000},
        "set_publish_status": where | {"status": 1},
        "update_recording": where | {"name": "新名"},
        "set_main_version": where | {"version": school["crop"]},
        "replace_recording": {"type": 1, "source_room_id": school["ordinary"], **target},
        "replace_by_video": {"video_id": school["vod"], **target},
        "split_recording": where | {"length_per_segment": 30},
        "remove_chat": where | {"delete_json": json.dumps(SAMPLES["22"]["request"]["delete_json"])},
        "add_recording_members": where | {"user_ids": people},
        "remove_recording_members": where | {"user_ids": people},
        "add_room_members": {"room_id": school["room"], "user_ids": people},
        "remove_room_members": {"room_id": school["room"], "user_ids": people},
        "expiry": {"product_type": 1, "video_ids": f"{school['video']},{school['source']},{school['fixed']}"},
        "set_valid_days": {"product_type": 1, "video_ids": school["video"], "valid_day": 30},
        "set_mark_points": where | {"content": json.dumps(SAMPLES["32"]["request"]["content"])},
        "crop_recording": where | {"crop_info": json.dumps(SAMPLES["35"]["request"]["crop_info"])},
        "set_expire_times": {"data": json.dumps([{"video_id": school["video"], "expire_time": "2099-12-10 14:00:00"}])},
        "render_merged": {"mixed_playback_id": school["merge"]},
        "merged_video": {"mixed_playback_id": school["merge"]},
        "list_rooms": {"page": 1},
        "create_room": {"title": "新教室", "start_time": 1_704_441_600, "end_time": 1_704_445_200},
        "set_callback_url": {"url": "http://127.0.0.1:9/callback"},
        "callback_url": {},
        "create_key": {"secret_key": "sandbox/key+of=the-tests"},
    }
    return own.get(name, where)


# The reference's table names it, its sample does not have it.
IN_THE_TABLE_ONLY = {"recording_info": ["answer.data: has total_ext_media_size"]}
BEFORE = {"recorded_video_url": "generate_recorded_video", "merged_video": "render_merged"}


def prepare(name: str, vendor, sandbox, school) -> None:
    """Some calls read what another one has made in the background."""
    if name in BEFORE:
        sandbox.transcode_seconds = 0.0
        path = ENDPOINTS[BEFORE[name]].path
        assert vendor(path, **parameters(BEFORE[name], school))["code"] == 0
        path = ENDPOINTS[name].path
        assert wait_for(lambda: vendor(path, **parameters(name, school))["code"] == 0)
    if name == "convert_status":
        sandbox.state.set_convert(school["playback"], 0, 3, 5)


def unlike(sample: Any, answer: Any, at: str = "data") -> list[str]:
    """Where the answer has other keys or JSON types than the sample. Lists are compared by their rows, any with any."""
    if isinstance(sample, dict) and isinstance(answer, dict):
        if all(key.isdigit() or "-" in key for key in sample):  # ids are keys: any other ids will do
            one = next(iter(sample.values()))
            return [line for key, value in answer.items() for line in unlike(one, value, f"{at}.{key}")]
        wrong = [f"{at}: lacks {key}" for key in sample.keys() - answer.keys()]
        wrong += [f"{at}: has {key}" for key in answer.keys() - sample.keys()]
        return wrong + [
            line for key in sample.keys() & answer.keys() for line in unlike(sample[key], answer[key], f"{at}.{key}")
        ]
    if isinstance(sample, list) and isinstance(answer, list):
        if sample and not answer:
            return [f"{at}: is empty"]
        return [
            min((unlike(row, each, f"{at}[{index}]") for row in sample), key=len)[0]
            for index, each in enumerate(answer)
            if sample and all(unlike(row, each) for row in sample)
        ]
    return [] if type(sample) is type(answer) else [f"{at}: {type(answer).__name__}, not {type(sample).__name__}"]


def test_every_row_of_the_table_has_a_route():
    assert set(ROUTES) == set(ENDPOINTS)


@pytest.mark.parametrize("name", [row.name for row in ENDPOINTS.values() if row.number])
def test_the_answer_has_the_documented_shape(name, vendor, sandbox, school):
    prepare(name, vendor, sandbox, school)
    endpoint = ENDPOINTS[name]
    sample = SAMPLES[str(endpoint.number)]["response"]
    answer = vendor(endpoint.path, **parameters(name, school))
    assert answer["msg"] == ""
    assert unlike(sample, dict(answer), "answer") == IN_THE_TABLE_ONLY.get(name, [])


def test_unlike_sees_a_difference():
    assert unlike({"a": 1}, {"a": "1"}) == ["data.a: str, not int"]
    assert unlike({"list": [{"a": 1}]}, {"list": [{"b": 1}]})
    assert unlike([{"a": 1}], []) == ["data: is empty"]
    assert unlike({"1-2": "x"}, {"3": 4}) == ["data.3: int, not str"]


@pytest.mark.parametrize("name", list(ENDPOINTS))
def test_get_is_accepted_where_documented_and_refused_elsewhere(name, vendor, sandbox, school):
    prepare(name, vendor, sandbox, school)
    endpoint = ENDPOINTS[name]
    answer = vendor.get(endpoint.path, **parameters(name, school))
    assert answer["code"] == (0 if endpoint.get else 1), answer


@pytest.mark.parametrize(("name", "missing"), [(row.name, need) for row in ENDPOINTS.values() for need in row.required])
def test_a_missing_parameter_is_refused_by_its_name(name, missing, vendor, school):
    sent = parameters(name, school)
    assert missing in sent
    answer = vendor(ENDPOINTS[name].path, **{key: value for key, value in sent.items() if key != missing})
    assert (answer["code"], answer.data) == (1001, None)
    assert missing in answer["msg"]


@pytest.mark.parametrize("name", [row.name for row in ENDPOINTS.values() if "room_id" in row.required])
def test_an_unknown_and_a_deleted_room_are_refused(name, vendor, sandbox, school):
    sent = parameters(name, school)
    documented = {"add_recording_members": 1001, "remove_recording_members": 1001}
    assert vendor(ENDPOINTS[name].path, **sent | {"room_id": 1})["code"] == documented.get(name, 3001)
    sandbox.state.remove_room(school["room"])
    assert vendor(ENDPOINTS[name].path, **sent)["code"] == documented.get(name, 3002)


CHANGES = [row.name for row in ENDPOINTS.values() if not row.reads]
TAKES_A_VERSION = [
    row.name
    for row in ENDPOINTS.values()
    if {"version", "target_version"} & set(row.parameters) and row.name != "recording_watch_records"  # there it filters
]


def changing(name: str, school: dict[str, Any]) -> dict[str, Any]:
    """Parameters with which the call changes the prepared school."""
    beside: dict[str, dict[str, Any]] = {
        "set_publish_status": {"status": 2},
        "create_key": {"regenerate": 1},
        "add_recording_members": {"user_ids": school["newcomer"]},
        "add_room_members": {"user_ids": school["newcomer"]},
    }
    return parameters(name, school) | beside.get(name, {})


def everything(sandbox) -> list[str]:
    """The vendor's whole state, as text."""
    with sandbox.state.lock:
        return list(sandbox.state._db.iterdump())


@pytest.mark.parametrize(("kind", "options"), [("drop", {"when": "after"}), ("timeout_after_change", {"seconds": 0.0})])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_without_an_answer_is_made_once_all_the_same(name, kind, options, vendor, sandbox, school):
    sent = changing(name, school)
    vendor.escape = True  # the secret of create_key has a plus sign
    before = everything(sandbox)
    sandbox.faults.add(name, kind, times=1, **options)
    with pytest.raises((http.client.HTTPException, OSError)):
        vendor(ENDPOINTS[name].path, **sent)
    vendor.connection.close()
    assert everything(sandbox) != before


@pytest.mark.parametrize("name", CHANGES)
def test_a_call_that_fails_before_the_change_changes_nothing(name, vendor, sandbox, school):
    sent = changing(name, school)
    vendor.escape = True  # the secret of create_key has a plus sign
    before = everything(sandbox)
    sandbox.faults.add(name, "drop", times=1, when="before")
    with pytest.raises((http.client.HTTPException, OSError)):
        vendor(ENDPOINTS[name].path, **sent)
    vendor.connection.close()
    assert everything(sandbox) == before


@pytest.mark.parametrize("name", TAKES_A_VERSION)
def test_an_unknown_version_is_refused(name, vendor, sandbox, school):
    which = "target_version" if "target_version" in ENDPOINTS[name].parameters else "version"
    before = everything(sandbox)
    answer = vendor(ENDPOINTS[name].path, **parameters(name, school) | {which: 77})
    assert (answer["code"], answer["msg"]) == (1001, "参数错误：回放版本77不存在")
    assert everything(sandbox) == before


def test_a_switched_off_call_lacks_the_permission(vendor, sandbox, school):
    sandbox.state.set_setting("permissions", {"convert_to_video": False, "generate_recorded_video": False})
    for name in ("convert_to_video", "generate_recorded_video"):
        assert vendor(ENDPOINTS[name].path, **parameters(name, school))["code"] == 2002
