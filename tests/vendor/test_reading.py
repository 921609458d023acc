"""The vendor's loose types: any loosened spelling of a row reads as the row itself, and a bad row spares the others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playback.vendor.results import (
    BEIJING,
    RecordingRow,
    RoomRow,
    UnreadableAnswer,
    UnreadableRow,
    expiry,
    media,
    reading,
    recordings,
    rooms,
    viewers,
)
from playback.vendor.transport import decode

SPELLINGS = {field.name: field.encode_name for field in msgspec.structs.fields(RecordingRow)}
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(lambda t: t.replace(microsecond=0))  # noqa: DTZ001
ids = st.integers(1, 2**63 - 1)
small = st.none() | st.integers(0, 2**31 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
rows = st.builds(
    RecordingRow,
    room_id=ids,
    status=st.integers(0, 100),
    session_id=st.just(0) | ids,
    playback_id=st.none() | ids,
    video_id=st.none() | ids,
    name=texts,
    created_at=st.none() | TIMES.map(lambda t: t.replace(tzinfo=BEIJING)),
    length=small,
    total_transcode_size=st.none() | st.integers(0, 2**63 - 1),
    play_times=st.none() | st.integers(0, 2**63 - 1),
    cover_url=texts,
    publish_status=small,
    version=small,
    version_type=small,
)


@st.composite
def loosened(draw: st.DrawFn) -> tuple[RecordingRow, dict[str, Any]]:
    """A row, and one of the ways in which the vendor may spell it."""
    row = draw(rows)
    raw: dict[str, Any] = {}
    for name, spelling in SPELLINGS.items():
        value = getattr(row, name)
        if isinstance(value, datetime):
            plain = value.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
            raw[spelling] = draw(
                st.sampled_from([plain, f" {plain}", int(value.timestamp()), str(int(value.timestamp()))])
            )
        elif isinstance(value, int) and not (name == "session_id" and value == 0):
            raw[spelling] = draw(st.sampled_from([value, str(value), f" {value}", f"{value}.0"]))
        elif value in ("", None, 0):
            absent = ["", None, "0000-00-00 00:00:00"] if name == "created_at" else ["", None]
            spelled = draw(st.sampled_from([*absent, ...]))
            if spelled is not ...:
                raw[spelling] = spelled
        else:
            raw[spelling] = value
    raw |= draw(st.sampled_from([{}, {"play_url": "http://x/?token=t"}, {"new": {"field": [1]}}]))
    return row, raw


@settings(max_examples=60, deadline=None)
@given(loosened())
def test_a_loosened_row_reads_as_the_row(pair: tuple[RecordingRow, dict[str, Any]]) -> None:
    row, raw = pair
    assert recordings.RECORDING_ROW.read(json.loads(json.dumps(raw))) == row


junk = st.sampled_from(
    ["yesterday", "2026-13-01 00:00:00", "2026-02-30 10:00:00", {"a": 1}, [1], 12.5, "12a", "--1", "1e3"]
)


@settings(max_examples=30, deadline=None)
@given(st.lists(loosened(), min_size=1, max_size=4), st.data())
def test_a_bad_row_is_named_and_spares_the_others(
    pairs: list[tuple[RecordingRow, dict[str, Any]]], data: st.DataObject
) -> None:
    raws = [raw for _, raw in pairs]
    spoiled = data.draw(st.sets(st.integers(0, len(raws) - 1)))
    field = data.draw(st.sampled_from(["create_time", "length", "status", "video_id"]))
    for index in spoiled:
        raws[index] = {**raws[index], field: data.draw(junk)}
    page = recordings.RECORDING_ROW.page({"total": 99, "list": raws})
    assert page.rows == [row for index, (row, _) in enumerate(pairs) if index not in spoiled]
    assert page.size == len(raws)
    assert [set(bad.fields) for bad in page.unreadable] == [{field}] * len(spoiled)
    for bad, index in zip(page.unreadable, sorted(spoiled), strict=True):
        assert bad.row.startswith(str(pairs[index][0].room_id))


def answer(data: object, **more: object) -> bytes:
    return json.dumps({"code": 0, "data": data, "msg": "", "ts": 1, **more}, ensure_ascii=False).encode()


@given(st.lists(rows, max_size=4), st.none() | st.integers(0, 2**40))
def test_an_answer_as_documented_is_read_in_one_go(wanted: list[RecordingRow], total: int | None) -> None:
    raws = [
        {
            SPELLINGS[name]: value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
            for name in SPELLINGS
            if (value := getattr(row, name)) is not None or name not in ("version_type", "created_at")
        }
        for row in wanted
    ]
    page = recordings.RECORDING_ROW.documented_page(answer({"list": raws, "total": total}))
    assert page == recordings.RECORDING_ROW.page({"list": raws, "total": total})
    assert page is not None
    assert page.rows == wanted


odd = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3) | st.just("a\0")
odd |= st.sampled_from(
    ["2017-08-15 11+05:00", "0000-00-00 00:00:00", "1970-01-01 08:00:00", "2026-01-01T10:00:00", "12", [], {}]
)


@settings(max_examples=150)
@given(st.lists(loosened(), max_size=3), st.data())
def test_read_in_one_go_or_not_it_is_the_same(
    pairs: list[tuple[RecordingRow, dict[str, Any]]], data: st.DataObject
) -> None:
    """Whatever the vendor sends: what reads a whole answer reads it as the careful reader does, or leaves it."""
    raws: list[Any] = [raw for _, raw in pairs]
    if raws and data.draw(st.booleans()):
        raws[0] = {**raws[0], data.draw(st.sampled_from([*raws[0], "version_type"])): data.draw(odd)}
    whole: Any = {"list": raws, "total": data.draw(st.integers(0, 5) | odd)}
    if data.draw(st.integers(0, 5)) == 0:
        whole = data.draw(st.sampled_from([None, [], {"total": 3}, {"list": raws}, {"list": None, "total": 0}]))
    body = answer(whole)
    page = recordings.RECORDING_ROW.documented_page(body)
    if page is not None:
        assert page == recordings.RECORDING_ROW.page(decode(body)["data"])


def test_rooms_are_read_in_one_go_too() -> None:
    raws = [
        {"room_id": 7, "title": "公开课", "is_long_term": 1, "start_time": "2026-01-01 10:00:00", "admin_code": "x"}
    ]
    page = rooms.ROOM_ROW.documented_page(answer({"list": raws}))
    assert page == rooms.ROOM_ROW.page({"list": raws})
    assert page is not None
    assert page.rows[0].is_long_term
    assert not page.counted


@pytest.mark.parametrize(
    "body",
    [
        answer({"list": [], "total": 0}, code=1002),
        answer({"list": [], "total": 0}, code="0"),
        answer({"list": [{"room_id": 1, "status": 100, "name": "a\0b"}], "total": 1}),
        answer({"list": [{"status": 100}], "total": 1}),
        answer({"list": [{"room_id": 1, "status": 100, "create_time": "yesterday"}], "total": 1}),
        answer(None),
        b"<html>",
        b"\xef\xbb\xbf" + answer({"list": [], "total": 0}),
        b"",
    ],
)
def test_anything_else_is_left_to_the_careful_reader(body: bytes) -> None:
    assert recordings.RECORDING_ROW.documented_page(body) is None


def test_every_offending_field_is_named() -> None:
    raw = {"room_id": None, "session_id": 201912010, "status": "x", "create_time": "garbage", "name": "fine"}
    page = recordings.RECORDING_ROW.page({"total": 1, "list": [raw, "not a row", None]})
    assert page.rows == []
    assert page.unreadable == [
        UnreadableRow(
            "201912010",
            {
                "room_id": "is missing",
                "status": "is not a whole number: 'x'",
                "create_time": "is not a time: 'garbage'",
            },
        ),
        UnreadableRow("row 2", {"row": "is not an object"}),
        UnreadableRow("row 3", {"row": "is not an object"}),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("room_id", 2**63), ("room_id", "99999999999999999999"), ("length", 2**31), ("status", -(2**40))],
)
def test_a_number_no_column_holds_is_unreadable_alone(field: str, value: object) -> None:
    row = {"room_id": 1, "status": 100}
    page = recordings.RECORDING_ROW.page({"total": 2, "list": [{**row, field: value}, row]})
    assert (len(page.rows), len(page.unreadable)) == (1, 1)
    assert set(page.unreadable[0].fields) == {field}


def test_a_viewers_number_goes_beyond_63_bits() -> None:
    row = viewers.WATCH_ROW.read({"guid": "g", "user_number": str(2**64 - 1)})
    assert row.user_number == 2**64 - 1


@pytest.mark.parametrize("empty", [[], {}, None, ""])
def test_an_empty_list_in_any_spelling(empty: object) -> None:
    page = recordings.RECORDING_ROW.page({"total": "0", "list": empty})
    assert (page.total, page.rows, page.unreadable) == (0, [], [])


@pytest.mark.parametrize("data", [None, True, "", {}, {"total": 5}, {"list": 7}, {"total": "many", "list": []}])
def test_an_answer_without_its_list_is_not_an_empty_list(data: object) -> None:
    with pytest.raises(UnreadableAnswer):
        recordings.RECORDING_ROW.page(data)


def test_a_list_with_holes_is_a_list() -> None:
    rows = {"0": {"room_id": 1, "status": 0}, "2": {"room_id": 2, "status": 0}}
    assert [row.room_id for row in recordings.RECORDING_ROW.page({"total": 2, "list": rows}).rows] == [1, 2]


@pytest.mark.parametrize("none", ["0000-00-00 00:00:00", "0000-00-00", "", None, "0", 0, "-0001-11-30 00:00:00"])
def test_php_has_many_ways_to_say_no_time(none: object) -> None:
    assert rooms.ROOM_ROW.read({"room_id": 1, "start_time": none}).starts_at is None


@given(TIMES)
def test_a_text_is_beijing_time(naive: datetime) -> None:
    text = naive.isoformat(" ")
    row = rooms.ROOM_ROW.read({"room_id": 1, "start_time": text})
    assert row.starts_at == naive.replace(tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    "wrong",
    [
        "2017-08-15 11+05:00",
        "2017-08-15 11:00+05",
        "sometime   soon, we",
        "2026-01-01T10:00:00",
        "2026-01-01",
        "20260101",
        "2026-W01-1 00:00:0",
        "12",
        5,
    ],
)
def test_other_spellings_of_a_time_are_not_guessed_at(wrong: object) -> None:
    with pytest.raises(reading.RowError):
        rooms.ROOM_ROW.read({"room_id": 1, "start_time": wrong})


@pytest.mark.parametrize(
    ("value", "flag"), [(1, True), ("1", True), (True, True), (0, False), ("0", False), ("", False)]
)
def test_flags(value: object, flag: bool) -> None:
    assert rooms.ROOM_ROW.read({"room_id": "7", "is_long_term": value}) == RoomRow(room_id=7, is_long_term=flag)


def test_what_is_no_flag_is_said() -> None:
    with pytest.raises(reading.RowError, match="is_long_term is not a flag: 'often'"):
        rooms.ROOM_ROW.read({"room_id": 1, "is_long_term": "often"})


def test_a_number_as_description() -> None:
    assert media.MARK_POINT.read({"time_offset": "00:00:01", "desc": 123}) == media.MarkPoint("00:00:01", "123")


def test_a_text_with_a_nul_is_kept_without_it() -> None:
    assert recordings.RECORDING_ROW.read({"room_id": 1, "status": 0, "name": "a\0b"}).name == "ab"


def test_expiry_without_entries_comes_as_lists() -> None:
    found = expiry.expiry({"partner_valid_day": "15", "list": [], "expire_time_list": []})
    assert (found.default_days, found.days, found.fixed_times) == (15, {}, {})


def test_expiry_names_the_entry_it_cannot_read() -> None:
    found = expiry.expiry({"list": {"1": "x", "2": "3"}, "expire_time_list": {"4": "soon", "5": "0000-00-00 00:00:00"}})
    assert (found.days, found.fixed_times) == ({2: 3}, {})
    assert [(bad.row, set(bad.fields)) for bad in found.unreadable] == [("1", {"list"}), ("4", {"expire_time_list"})]


def test_tokens_of_nobody_come_as_a_list() -> None:
    assert recordings.player_tokens([]) == {}


def test_a_token_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        recordings.PLAYER_TOKEN.one({"token": {"value": "CANARY"}, "video_id": 1})
    assert "CANARY" not in str(caught.value)


def test_the_unreadable_answer_names_the_field() -> None:
    with pytest.raises(UnreadableAnswer, match="status is missing"):
        recordings.RECORDING_INFO.one([])


def test_json_with_a_mark_and_a_cut_character() -> None:
    assert decode(b'\xef\xbb\xbf{"code":0}') == {"code": 0}
    assert decode('{"name":"课'.encode()[:-1] + b'"}') == {"name": "\ufffd"}
    assert decode(b'{"name":"\\ud83d"}') == {"name": "?"}
    assert decode(b"<html>") is None
    assert decode(b'{"code": NaN}') is None
    assert decode(b"[" * 100_000) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_no_answer_breaks_a_reader(data: object) -> None:
    for reader in (recordings.RECORDING_ROW, rooms.ROOM_ROW, viewers.MEMBER_ROW, media.PAGE_TURN):
        for value in (data, {"total": 1, "list": data}, {"total": data, "list": []}, {"total": 1, "list": [data]}):
            try:
                reader.page(value)
            except UnreadableAnswer:
                continue
    for parse in (expiry.expiry, expiry.success_list, media.merged_video, media.started_fids, recordings.player_tokens):
        for value in (data, {"list": data, "play_info": data, "success_fids": data, "success_list": data, "fid": data}):
            try:
                parse(value)
            except UnreadableAnswer:
                continue
