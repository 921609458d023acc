"""The stand-in vendor's tables: an SQLite file of its own, which outlives the process.

Times are unix seconds (UTC), times of day are made only where an answer is printed. A recording that was deleted stays
as a row with ``deleted_at`` (its versions go), so that asking for it is answered by 3002 and not by 3001.

The list pages walk an index in its own order: nothing is sorted or scanned in memory, also at a million recordings.
"""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    partner_id TEXT PRIMARY KEY, partner_key TEXT NOT NULL, secret_key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS rooms (
    room_id INTEGER PRIMARY KEY, title TEXT NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL, room_type INTEGER NOT NULL DEFAULT 2, product_type INTEGER NOT NULL DEFAULT 1,
    is_long_term INTEGER NOT NULL DEFAULT 0, max_users INTEGER NOT NULL DEFAULT 100,
    admin_code TEXT NOT NULL DEFAULT '', teacher_code TEXT NOT NULL DEFAULT '', deleted_at INTEGER
);
CREATE TABLE IF NOT EXISTS recordings (
    playback_id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL, session_id INTEGER NOT NULL DEFAULT 0,
    product_type INTEGER NOT NULL, publish_status INTEGER NOT NULL DEFAULT 1, deleted_at INTEGER,
    last_version INTEGER NOT NULL DEFAULT 0,
    UNIQUE (room_id, session_id)
);
-- valid_day: NULL is the account's default, 0 for ever. segments: JSON list of [start, end] seconds of the original.
CREATE TABLE IF NOT EXISTS versions (
    video_id INTEGER PRIMARY KEY, playback_id INTEGER NOT NULL, room_id INTEGER NOT NULL, session_id INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 0, version_type INTEGER NOT NULL DEFAULT 0, product_type INTEGER NOT NULL,
    is_main INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL DEFAULT '', status INTEGER NOT NULL DEFAULT 100,
    created_at INTEGER NOT NULL, length INTEGER NOT NULL DEFAULT 0, total_size INTEGER NOT NULL DEFAULT 0,
    total_transcode_size INTEGER NOT NULL DEFAULT 0, total_ext_media_size INTEGER NOT NULL DEFAULT 0,
    play_times INTEGER NOT NULL DEFAULT 0, cover TEXT NOT NULL DEFAULT '', file_md5 TEXT NOT NULL DEFAULT '',
    origin_definition TEXT NOT NULL DEFAULT 'high', now_definition TEXT NOT NULL DEFAULT 'low,high',
    valid_day INTEGER, expires_at INTEGER, segments TEXT NOT NULL DEFAULT '[]',
    UNIQUE (playback_id, version)
);
CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, content_type TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS members (
    user_id INTEGER PRIMARY KEY, user_sn TEXT NOT NULL, email TEXT NOT NULL DEFAULT '', name TEXT NOT NULL,
    remark TEXT NOT NULL DEFAULT '', phone_number TEXT NOT NULL DEFAULT '', role TEXT NOT NULL DEFAULT '0',
    created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS room_members (
    room_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recording_members (
    playback_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (playback_id, user_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watch_records (
    guid TEXT PRIMARY KEY, uuid TEXT NOT NULL, playback_id INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 0,
    video_id INTEGER NOT NULL, user_name TEXT NOT NULL, user_number INTEGER NOT NULL DEFAULT 0,
    begins_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, play_length INTEGER NOT NULL, client_type INTEGER NOT NULL,
    user_ip TEXT NOT NULL, area TEXT NOT NULL, ext_data TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL, session_id INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL, total_pages INTEGER NOT NULL,
    is_h5 INTEGER NOT NULL DEFAULT 0,
    url_prefix TEXT NOT NULL DEFAULT '', pdf_url TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS page_turns (
    room_id INTEGER NOT NULL, session_id INTEGER NOT NULL DEFAULT 0, time_ms INTEGER NOT NULL, page INTEGER NOT NULL,
    document_id INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS class_times (
    room_id INTEGER NOT NULL, session_id INTEGER NOT NULL DEFAULT 0, starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL, auto_completion INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS mark_points (
    playback_id INTEGER NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL, seconds INTEGER NOT NULL,
    description TEXT NOT NULL, PRIMARY KEY (playback_id, version, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chat (
    id INTEGER PRIMARY KEY, playback_id INTEGER NOT NULL, user_number INTEGER NOT NULL, user_name TEXT NOT NULL,
    sent_at INTEGER NOT NULL, words TEXT NOT NULL
);
-- kind: player (call 3, 4) or once (call 33). expires_at NULL: never.
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, playback_id INTEGER NOT NULL, video_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS converts (
    playback_id INTEGER NOT NULL, version INTEGER NOT NULL, status INTEGER NOT NULL, video_id INTEGER,
    PRIMARY KEY (playback_id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recorded_videos (
    playback_id INTEGER PRIMARY KEY, status INTEGER NOT NULL, ready_at INTEGER
);
CREATE TABLE IF NOT EXISTS merges (
    mixed_playback_id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '', length INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 0, video_id INTEGER
);
CREATE TABLE IF NOT EXISTS videos (
    video_id INTEGER PRIMARY KEY, name TEXT NOT NULL, length INTEGER NOT NULL, total_size INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 100, cover TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, due_at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL DEFAULT '',
    payload TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    qid TEXT PRIMARY KEY, kind TEXT NOT NULL, fields TEXT NOT NULL, created_at REAL NOT NULL, due_at REAL,
    attempts INTEGER NOT NULL DEFAULT 0, answered_at REAL, last_answer TEXT NOT NULL DEFAULT ''
);
"""

# Made apart from the tables: a bulk load drops them and makes them anew at its end.
INDEXES = {
    "rooms_newest": "rooms (created_at DESC, room_id DESC) WHERE deleted_at IS NULL",
    "rooms_by_product": "rooms (product_type, created_at DESC, room_id DESC) WHERE deleted_at IS NULL",
    "versions_main": "versions (created_at DESC, video_id DESC) WHERE is_main = 1",
    "versions_main_product": "versions (product_type, created_at DESC, video_id DESC) WHERE is_main = 1",
    "versions_all": "versions (created_at DESC, video_id DESC)",
    "versions_all_product": "versions (product_type, created_at DESC, video_id DESC)",
    "versions_room": "versions (room_id, created_at DESC, video_id DESC)",
    "watch_by_recording": "watch_records (playback_id, begins_at)",
    "watch_by_begin": "watch_records (begins_at)",
    "watch_by_end": "watch_records (ends_at)",
    "documents_by_room": "documents (room_id, session_id)",
    "turns_by_room": "page_turns (room_id, session_id, time_ms)",
    "class_times_by_room": "class_times (room_id, session_id)",
    "chat_by_recording": "chat (playback_id, sent_at)",
    "jobs_due": "jobs (due_at)",
    "jobs_subject": "jobs (kind, subject)",
    "deliveries_due": "deliveries (due_at) WHERE due_at IS NOT NULL",
    "tokens_by_recording": "tokens (playback_id)",
}

TABLE_NAMES = tuple(line.split()[5] for line in TABLES.splitlines() if line.startswith("CREATE TABLE"))
