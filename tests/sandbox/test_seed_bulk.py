"""A large school is streamed: exact, in the order of time, and in flat memory."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from playback.sandbox import seed, seed_bulk
from playback.sandbox.state import BEIJING, State

NOW = datetime(2026, 3, 18, 16, 40, tzinfo=BEIJING).timestamp()


def filled(folder: Path, rooms: int, recordings: int, **options) -> State:
    state = State(folder / "large.sqlite3", lambda: NOW)
    state.set_account("1", "key")
    seed.fill(state, "demo", rooms, recordings, **options)
    return state


def test_twenty_thousand_recordings_are_streamed(tmp_path: Path):
    told: list[tuple[int, int]] = []
    state = filled(tmp_path, 700, 20_000, progress=lambda done, total: told.append((done, total)))
    counts = state.counts()
    assert (counts["rooms"], counts["recordings"]) == (700, 20_000)
    assert told[-1] == (20_000, 20_000)
    assert state.value("SELECT count(*) FROM versions WHERE is_main = 1") == 20_000
    assert state.value("SELECT count(*) FROM versions WHERE version > 0") > 500
    assert counts["members"] == 600
    assert counts["watch_records"] == 20_000
    assert state.value("SELECT count(DISTINCT title) FROM rooms") == 700
    assert {row["status"] for row in state.rows("SELECT DISTINCT status FROM versions")} == {0, 10, 20, 30, 100}
    newest = state.value("SELECT max(created_at) FROM versions")
    assert timedelta(0) < timedelta(seconds=NOW - newest) < timedelta(days=1)
    state.close()


def test_session_ids_match_their_days_also_where_a_room_has_many_a_day(tmp_path: Path):
    state = filled(tmp_path, 2, 9_000)  # about six a day and room
    digits = set()
    for row in state.rows("SELECT session_id, created_at FROM versions WHERE version = 0"):
        digits.add(row["session_id"] % 10)
        assert row["session_id"] // 10 == int(datetime.fromtimestamp(row["created_at"], BEIJING).strftime("%Y%m%d"))
    assert digits >= {0, 1, 2, 3, 4, 5}
    times = [
        row["created_at"] for row in state.rows("SELECT created_at FROM versions WHERE version = 0 ORDER BY video_id")
    ]
    assert times == sorted(times)
    state.close()


def test_too_many_for_the_rooms_is_said_before_anything_is_written(tmp_path: Path):
    state = State(tmp_path / "none.sqlite3", lambda: NOW)
    with pytest.raises(ValueError, match="too many"):
        seed.fill(state, "demo", 1, 10_000)
    assert state.value("SELECT count(*) FROM rooms") == 0
    state.close()


def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Three times the recordings need hardly more memory: a chunk is held, not the school."""
    monkeypatch.setattr(seed_bulk, "WATCHES", 100)  # they are bounded anyway, and slow to trace
    peaks = []
    for recordings in (7_000, 20_000):
        folder = tmp_path / str(recordings)
        folder.mkdir()
        tracemalloc.start()
        state = filled(folder, 1_000, recordings)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        state.close()
    assert peaks[1] < peaks[0] * 1.25
    assert peaks[1] < 30_000_000


def test_a_seed_that_is_interrupted_leaves_nothing(tmp_path: Path):
    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    state = State(tmp_path / "broken.sqlite3", lambda: NOW)
    with pytest.raises(KeyboardInterrupt):
        seed.plant(state, "demo", 300, 9_000, interrupt)
    assert state.counts()["rooms"] == state.counts()["recordings"] == 0
    assert seed.plant(state, "demo", 300, 9_000) is True
    assert state.counts()["recordings"] == 9_000
    state.close()


def test_progress_is_logged_where_nobody_asks_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    state = State(tmp_path / "told.sqlite3", lambda: NOW)
    with caplog.at_level("INFO", "playback.sandbox.seed"):
        seed.plant(state, "demo", 10, 100)
    assert "Seeded 100 of 100 recordings" in caplog.text
    state.close()
