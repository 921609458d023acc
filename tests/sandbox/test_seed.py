"""The demo school: the same for the same word, believable, and true to what the vendor's reference says of its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playback.sandbox import names, seed
from playback.sandbox.rows import listed
from playback.sandbox.state import BEIJING, State
from playback.sandbox.state.schema import TABLE_NAMES

NOW = datetime(2026, 3, 18, 16, 40, tzinfo=BEIJING).timestamp()


def empty(folder: Path, now: float = NOW) -> State:
    state = State(folder / "school.sqlite3", lambda: now)
    state.set_account("1", "key")
    return state


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    state = empty(tmp_path_factory.mktemp("demo"))
    seed.fill(state, "demo")
    yield state
    state.close()


def contents(state: State) -> dict[str, list]:
    return {name: state.rows("SELECT * FROM " + name) for name in TABLE_NAMES if name != "accounts"}  # noqa: S608


def test_the_same_word_gives_the_same_school_and_another_word_another(tmp_path: Path, school: State):
    states = {word: empty(tmp_path / word) for word in ("demo", "other")}
    for word, state in states.items():
        seed.fill(state, word)
    same, other = (contents(states[word]) for word in ("demo", "other"))
    assert same == contents(school)
    assert other["versions"] != same["versions"]
    for state in states.values():
        state.close()


def test_it_has_the_size_it_was_asked_for(school: State):
    counts = school.counts()
    assert (counts["rooms"], counts["recordings"]) == (60, 2000)
    assert counts["members"] == 600
    assert counts["watch_records"] == 20_000
    assert counts["versions"] > 2100


def test_every_recording_has_exactly_one_main_version_and_an_original(school: State):
    odd = school.rows(
        "SELECT playback_id FROM versions GROUP BY playback_id HAVING sum(is_main) != 1 OR sum(version = 0) != 1"
    )
    assert odd == []
    assert school.value("SELECT count(*) FROM versions WHERE is_main = 1") == 2000
    assert school.value("SELECT count(*) FROM versions WHERE is_main = 1 AND version > 0") > 20
    assert school.value("SELECT count(*) FROM versions WHERE (version > 0) != (version_type = 1)") == 0


def test_a_session_id_is_the_day_of_its_class_and_a_digit(school: State):
    rows = school.rows(
        "SELECT r.session_id, r.room_id, c.starts_at FROM recordings r JOIN class_times c USING (room_id)"
    )
    rows = school.rows(
        "SELECT v.session_id, v.created_at, o.is_long_term FROM versions v JOIN rooms o USING (room_id)"
        " WHERE v.version = 0"
    )
    for row in rows:
        if row["is_long_term"]:
            assert row["session_id"] // 10 == int(datetime.fromtimestamp(row["created_at"], BEIJING).strftime("%Y%m%d"))
        else:
            assert row["session_id"] == 0
    assert sum(not row["is_long_term"] for row in rows) >= 5


def test_the_two_years_end_now_and_begin_two_years_ago(school: State):
    first, last = school.rows(
        "SELECT min(created_at) AS at FROM versions UNION ALL SELECT max(created_at) FROM versions"
    )
    assert timedelta(days=600) < timedelta(seconds=NOW - first["at"]) <= timedelta(days=731)
    assert NOW - 3600 < last["at"] <= NOW


def test_ids_grow_with_time_as_the_vendors_do(school: State):
    by_video = school.rows("SELECT created_at FROM versions ORDER BY video_id")
    by_recording = school.rows("SELECT created_at FROM versions WHERE version = 0 ORDER BY playback_id")
    for rows in (by_video, by_recording):
        times = [row["created_at"] for row in rows]
        assert times == sorted(times)


def test_classes_are_held_when_a_school_teaches(school: State):
    starts = [datetime.fromtimestamp(row["starts_at"], BEIJING) for row in school.rows("SELECT * FROM class_times")]
    assert all(7 <= start.hour <= 22 for start in starts)
    assert sum(start.weekday() >= 5 or start.hour >= 17 for start in starts) > len(starts) * 0.98
    new_year = [
        start
        for start in starts
        if datetime(2026, 2, 14, tzinfo=BEIJING) <= start < datetime(2026, 2, 24, tzinfo=BEIJING)
    ]
    assert len(new_year) <= 5


def test_all_statuses_occur_and_what_is_not_ready_shows_no_video_facts(school: State):
    rows = school.rows("SELECT v.*, r.publish_status FROM versions v JOIN recordings r USING (playback_id)")
    assert {row["status"] for row in rows} == {0, 10, 20, 30, 100}
    assert sum(row["status"] == 100 for row in rows) > len(rows) * 0.97
    for row in rows:
        shown = listed(row, "http://vendor", school)
        if row["status"] < 100:
            assert (shown["length"], shown["total_transcode_size"], shown["preface_url"]) == (0, 0, "")
        else:
            assert shown["length"] > 60
            assert shown["total_transcode_size"] > 1_000_000
            assert shown["preface_url"].endswith(f"/media/cover/{row['video_id']}.jpg")
        if row["status"] < 20:
            assert shown["video_id"] is None


def test_unfinished_recordings_are_todays(school: State):
    for row in school.rows("SELECT * FROM versions WHERE status IN (10, 20)"):
        assert NOW - row["created_at"] < 86_400
    assert school.value("SELECT count(*) FROM jobs WHERE kind = 'transcoded'") >= 2


def test_shares_of_blocked_and_cropped_are_as_intended(school: State):
    blocked = school.value("SELECT count(*) FROM recordings WHERE publish_status = 2")
    cropped = school.value("SELECT count(DISTINCT playback_id) FROM versions WHERE version > 0")
    assert 80 <= blocked <= 160
    assert 110 <= cropped <= 210
    assert {row["product_type"] for row in school.rows("SELECT product_type FROM recordings")} == {1, 2, 3, 4}


def test_play_times_are_the_watch_records_and_most_are_recent(school: State):
    counted = dict(Counter(row["video_id"] for row in school.rows("SELECT video_id FROM watch_records")))
    shown = {row["video_id"]: row["play_times"] for row in school.rows("SELECT * FROM versions") if row["play_times"]}
    assert shown == counted
    assert school.value("SELECT count(*) FROM watch_records WHERE begins_at > ?", (NOW - 182 * 86_400,)) > 10_000


def test_watch_records_lie_between_their_recording_and_now(school: State):
    wrong = school.value(
        "SELECT count(*) FROM watch_records w JOIN versions v USING (video_id)"
        " WHERE w.begins_at < v.created_at OR w.ends_at > ? OR w.ends_at < w.begins_at + w.play_length"
        " OR w.play_length > v.length OR v.status != 100",
        (NOW,),
    )
    assert wrong == 0


def test_members_are_unique_where_they_must_be_and_viewers_are_members(school: State):
    members = school.rows("SELECT * FROM members")
    for column in ("user_sn", "phone_number"):
        assert len({row[column] for row in members}) == len(members)
    assert all(re.fullmatch(r"1\d{10}", row["phone_number"]) for row in members)
    assert len({row["name"] for row in members}) > 450
    numbers = {int(row["user_sn"]) for row in members} | {0}
    assert {row["user_number"] for row in school.rows("SELECT DISTINCT user_number FROM watch_records")} <= numbers


def test_names_are_diverse_and_of_the_right_course(school: State):
    rooms = school.rows("SELECT * FROM rooms")
    assert len({row["title"] for row in rooms}) == len(rooms)
    distinct = school.value("SELECT count(DISTINCT name) FROM versions")
    assert distinct > 1300
    topics = {course.title: course.topics for course in names.COURSES}
    for row in school.rows(
        "SELECT v.name, o.title FROM versions v JOIN rooms o USING (room_id) WHERE v.name LIKE '第%讲 %'"
    ):
        course = next(title for title in topics if row["title"].startswith(title))
        assert any(topic in row["name"] for topic in topics[course]), row


def test_everything_hangs_on_a_recording_that_exists(school: State):
    recordings = school.rows("SELECT playback_id, room_id, session_id FROM recordings")
    ids = {row["playback_id"] for row in recordings}
    keys = {(row["room_id"], row["session_id"]) for row in recordings}
    found = contents(school)
    for table in ("mark_points", "chat", "watch_records", "recording_members"):
        assert len(found[table]) > 1000
        assert {row["playback_id"] for row in found[table]} <= ids
    for table in ("documents", "page_turns", "class_times"):
        assert len(found[table]) > 400
        assert {(row["room_id"], row["session_id"]) for row in found[table]} <= keys
    outside = school.value(
        "SELECT count(*) FROM mark_points m JOIN versions v USING (playback_id, version) WHERE m.seconds >= v.length"
    )
    assert outside == 0


def test_ids_given_later_do_not_collide(school: State):
    videos = {row["video_id"] for row in school.rows("SELECT video_id FROM versions UNION SELECT video_id FROM videos")}
    assert school.next_id("videos") > max(videos)
    assert school.next_id("members") > school.value("SELECT max(user_id) FROM members")


def test_planting_keeps_a_used_sandbox_and_filling_it_is_refused(tmp_path: Path):
    state = empty(tmp_path)
    room = state.add_room("已有的教室")
    assert seed.plant(state, "demo") is False
    with pytest.raises(ValueError, match="empty"):
        seed.fill(state, "demo")
    assert [row["room_id"] for row in state.rows("SELECT * FROM rooms")] == [room]
    state.close()


@pytest.mark.parametrize("hour", [0, 3, 8, 13, 23])
def test_it_can_be_seeded_at_any_hour(tmp_path: Path, hour: int):
    now = datetime(2026, 2, 18, hour, 5, tzinfo=BEIJING).timestamp()
    state = empty(tmp_path, now)
    seed.fill(state, "demo", rooms=30, recordings=400)
    assert state.value("SELECT max(created_at) FROM versions") <= now
    assert state.value("SELECT count(*) FROM versions WHERE is_main = 1") == 400
    assert state.value("SELECT count(DISTINCT status) FROM versions") == 5
    state.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rooms=st.integers(1, 40), share=st.integers(0, 60), word=st.text(max_size=4))
def test_any_small_size_is_met_exactly(tmp_path_factory: pytest.TempPathFactory, rooms: int, share: int, word: str):
    state = empty(tmp_path_factory.mktemp("any"))
    seed.fill(state, word, rooms=rooms, recordings=rooms * share)
    counts = state.counts()
    assert (counts["rooms"], counts["recordings"]) == (rooms, rooms * share)
    assert state.value("SELECT count(*) FROM versions WHERE is_main = 1") == rooms * share
    state.close()
