"""A school's mirror of any size, made by PostgreSQL itself: rooms, recordings, versions, watch records.

Names are made of the words that such names are made of. ``COMMON`` is in a fifth of them, ``RARE`` in a handful,
whatever the size; both have two characters. Indexes and constraints are dropped before and made again after, which is
several times faster than filling through them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model

from playback.models import Recording, Room, Version, WatchRecord

COMMON = "函数"
RARE = "鲸落"
RARE_NAMES = 20
RARE_DEVICE = 7  # 20 of ten million
DAYS = 400  # of watch records
_SUBJECTS = (
    "高一数学",
    "高一物理",
    "高二化学",
    "高二生物",
    "高三英语",
    "初三语文",
    "初二历史",
    "初二地理",
    "竞赛信息学",
    "通识美育",
)
_TOPICS = (
    "函数与导数",
    "牛顿定律",
    "氧化还原",
    "细胞分裂",
    "完形填空",
    "文言文阅读",
    "近代史纲",
    "函数的单调性",
    "动态规划",
    "名画欣赏",
)
_KINDS = ("精讲", "习题课", "复习", "直播", "答疑", "公开课", "期中串讲")
_PEOPLE = "张王李赵陈杨黄周吴徐"
_GIVEN = "伟芳娜敏静磊军洋勇艳杰涛明超霞平刚桂文辉"


def recordings(many: int, rooms: int) -> None:
    """Also a version for each recording, and for every tenth a second one."""
    with _bare(Room, Recording, Version):
        _run(
            "INSERT INTO playback_room (room_id, first_seen_at, synced_at, title, is_long_term, product_type, "
            "starts_at, created_at) SELECT 24010100000000 + n, now(), now(), "
            f"{_pick(_SUBJECTS, 'n')} || '（' || n %% 40 + 1 || '）班', n %% 3 = 0, 1 + n %% 4, "
            "now() - n * interval '1 hour', now() - n * interval '1 hour' FROM generate_series(0::bigint, %s) n",
            [rooms - 1],
        )
        _run(
            "INSERT INTO playback_recording (room_id, session_id, first_seen_at, synced_at, gone_at, playback_id, "
            "video_id, main_version, name, status, publish_status, product_type, created_at, length, total_size, "
            "total_transcode_size, cover_url, play_times, valid_days, expires_at, expiry_read_at) "
            "SELECT 24010100000000 + n %% %s, 202401010 + n / %s, now(), now(), "
            "CASE WHEN n %% 500 = 499 THEN now() END, 1000000 + n, 500000000 + n, 0, "
            f"{_pick(_TOPICS, 'n')} || ' 第' || n %% 97 + 1 || '讲 ' || {_pick(_SUBJECTS, 'n / 7')} || "
            f"{_pick(_KINDS, 'n / 3')} || CASE WHEN n %% %s = 7 THEN '{RARE}' ELSE '' END, "
            "CASE WHEN n %% 200 = 3 THEN 20 WHEN n %% 1000 = 4 THEN 30 ELSE 100 END, "
            "CASE WHEN n %% 50 = 9 THEN 2 ELSE 1 END, 1 + n %% 4, now() - n * interval '90 seconds', "
            "1200 + (n * 7919) %% 6000, 400000000 + (n * 104729) %% 900000000, "
            "100000000 + (n * 15485863) %% 900000000, "
            "'https://img.example.org/00-upload/image/' || n || '.jpg', (n * 31) %% 900, "
            "CASE WHEN n %% 4 = 0 THEN 0 ELSE 400 END, "
            "CASE WHEN n %% 4 <> 0 THEN now() + interval '60 days' - n * (interval '350 days' / %s) END, now() "
            "FROM generate_series(0::bigint, %s) n",
            [rooms, rooms, max(many // RARE_NAMES, 1), many, many - 1],
        )
        _run(
            "INSERT INTO playback_version (recording_id, version, version_type, first_seen_at, synced_at, gone_at, "
            "video_id, name, status, publish_status, created_at, length, total_transcode_size, cover_url, play_times) "
            "SELECT id, v, v, now(), now(), gone_at, video_id + v * 300000000, name, status, publish_status, "
            "created_at, length, total_transcode_size, cover_url, play_times "
            "FROM playback_recording, generate_series(0, 1) v "
            "WHERE v = 0 OR playback_id %% 10 = 0",
            [],
        )
    _vacuum(Room, Recording, Version)


def watch_records(many: int) -> None:
    """Of the recordings there are; every device but one is common."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), count(*) FROM playback_recording")
        first, recordings = cursor.fetchone()
    with _bare(WatchRecord):
        _run(
            "INSERT INTO playback_watchrecord (guid, day, recording_id, version_number, video_id, user_name, "
            "user_number, began_at, ended_at, play_length, client_type, user_ip, area, ext_data) "
            "SELECT 'w' || lpad(n::text, 12, '0'), (at AT TIME ZONE 'Asia/Shanghai')::date, recording, 0, "
            f"500000000 + recording - %s, substr('{_PEOPLE}', (person %% {len(_PEOPLE)})::int + 1, 1) || "
            f"substr('{_GIVEN}', (person / 10 %% {len(_GIVEN)})::int + 1, 1) || person / 200, "
            "(700000 + person)::text, at, at + interval '20 minutes', 600 + (n %% 3000)::int, "
            f"CASE WHEN n %% 500000 = 11 THEN {RARE_DEVICE} ELSE (ARRAY[1, 3, 5, 5, 4])[(n %% 5)::int + 1] END, "
            "'60.1.' || n %% 250 || '.' || n %% 199, '北京', '' "
            f"FROM (SELECT n, %s + (n * 7919) %% %s AS recording, (n * 104729) %% %s AS person, "
            f"now() - n * (interval '{DAYS} days' / %s) AS at FROM generate_series(0::bigint, %s) n) s",
            [first, first, recordings, max(many // 100, 1), many, many - 1],
        )
    _vacuum(WatchRecord)


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE playback_room, playback_recording, playback_version, playback_watchrecord CASCADE")


def _pick(words: tuple[str, ...], number: str) -> str:
    array = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{array}])[(({number}) %% {len(words)})::int + 1]"


def _run(statement: str, parameters: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@contextmanager
def _bare(*models: type[Model]) -> Iterator[None]:
    """Tables with their primary keys alone. What they had makes itself again from its own definition, also after a
    failure: the foreign keys' check of each row would take longer than all the rest."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u') ORDER BY contype DESC",
            [tables],
        )
        constraints = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(
            "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        try:
            yield
        finally:
            for _name, definition in indexes:
                cursor.execute(definition)
            for table, name, definition in constraints:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            cursor.execute("RESET synchronous_commit")
            cursor.execute("RESET maintenance_work_mem")


def _vacuum(*models: type[Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(model._meta.db_table for model in models)}")
