"""A search by words, the cheap way for each: by pairs of characters (PostgreSQL's index) or row by row.

A word of a handful of rows is found by the index; through a million rows it would take a second. A word of a fifth of
all rows is looked for row by row, newest first: the first fifty have been met after some hundred rows, whereas the
index would first gather two hundred thousand. What the words are is asked of the planner (``EXPLAIN``, a fraction of
a millisecond), which guesses the number of rows in two ways: by the known frequencies of pairs, and by trying the word
on the values that it keeps of the column. The larger guess counts, because the first takes pairs that always come
together for a coincidence.

Either way finds the same. On SQLite, and where the indexes are not made (small tables, before the first full pass), it
is always row by row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from math import sqrt
from operator import and_, or_
from typing import Any

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet

from playback.models import Recording, Room, Version
from playback.sync.indexes import OF_SEARCHES

MOST_IDS = 1_000  # in a statement
# The index costs by the rows found, the other way by the rows passed over until 2,001 are counted; measured, they
# cost the same where as many rows are found as the root of this many times all rows.
_EVEN = 200

ROWS, PAIRS, PAIRS_ALONE, GUESSED = "by_rows", "by_pairs", "pairs_alone", "guessed"

Join = Callable[[Iterable[Q]], Q]


def every(conditions: Iterable[Q]) -> Q:
    return reduce(and_, conditions, Q())


def either(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q())


@dataclass(frozen=True)
class Table:
    rows: float
    indexed: bool


Tables = dict[type[Model], Table]


def tables() -> Tables:
    """How large they are, and whether the index is there; one query, none where there are no such indexes."""
    if connection.vendor != "postgresql":
        return {index.model: Table(0, False) for index in OF_SEARCHES}
    values = ", ".join(["(%s, %s)"] * len(OF_SEARCHES))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.reltuples, COALESCE(i.indisvalid, false) "  # noqa: S608 - marks alone
            f"FROM (VALUES {values}) AS v(t, n) JOIN pg_class c ON c.oid = to_regclass(v.t) "
            "LEFT JOIN pg_index i ON i.indexrelid = to_regclass(v.n)",
            [name for index in OF_SEARCHES for name in (index.table, index.name)],
        )
        found = cursor.fetchall()
    return {index.model: Table(rows, indexed) for index, (rows, indexed) in zip(OF_SEARCHES, found, strict=True)}


def rooms(words: list[str], join: Join = every) -> Q:
    return _best(Room, tables()[Room], lambda how: join(Q(**{f"title__{how}": word}) for word in words))


def recordings(words: list[str], join: Join = every, known: Tables | None = None) -> Q:
    """The words (each of them, or any) in the name, or in the room's title."""
    known = known or tables()
    in_rooms = _rooms(words, known[Room])

    def condition(how: str) -> Q:
        return join(Q(**{f"name__{how}": word}) | in_rooms[word] for word in words)

    return _best(Recording, known[Recording], condition)


def version_names(words: list[str], join: Join = every) -> Q:
    return _best(Version, tables()[Version], lambda how: join(Q(**{f"name__{how}": word}) for word in words))


def versions(words: list[str]) -> Q:
    """Each word in the version's name, the recording's, or the room's title.

    The longest word leads the way, if recordings with it are few; the others are then looked for in those rows alone.
    """
    by_rows = every(_in_version(word) for word in words)
    known = tables()
    if not known[Version].indexed or not words:
        return by_rows
    longest = max(words, key=len)
    ids = few(Recording.objects.filter(recordings([longest], known=known)))
    if ids is None:
        return by_rows
    leading = Q(name__by_pairs=longest) | Q(recording__in=ids)
    return leading & every(_in_version(word) for word in words if word != longest)


def few(queryset: QuerySet[Any]) -> list[int] | None:
    """Their ids, unless they are too many for a statement."""
    found = list(queryset.order_by().values_list("pk", flat=True)[: MOST_IDS + 1])
    return found if len(found) <= MOST_IDS else None


def _in_version(word: str) -> Q:
    return Q(name__by_rows=word) | Q(recording__name__by_rows=word) | Q(recording__room__title__by_rows=word)


def _rooms(words: list[str], table: Table) -> dict[str, Q]:
    """For each word the rooms that have it: as ids, which an index on recordings answers, or as a condition.

    One query for all words. On SQLite the words are compared with the joined room: nothing is to be gained there.
    """
    if connection.vendor != "postgresql":
        return {word: Q(room__title__by_rows=word) for word in words}
    how = PAIRS if table.indexed else ROWS
    ways = {word: Q(**{f"title__{how}": word}) for word in words}
    if not ways:
        return {}
    flags = {f"has_{n}": ExpressionWrapper(way, output_field=BooleanField()) for n, way in enumerate(ways.values())}
    found = Room.objects.filter(either(ways.values())).order_by().annotate(**flags).values_list("pk", *flags)
    rows = list(found[: MOST_IDS + 1])
    if len(rows) > MOST_IDS:
        return {word: Q(room__in=Room.objects.filter(way).order_by().values("pk")) for word, way in ways.items()}
    return {word: Q(room__in=[row[0] for row in rows if row[n]]) for n, word in enumerate(ways, 1)}


def _best(model: type[Model], table: Table, condition: Callable[[str], Q]) -> Q:
    return condition(_how(model, table, condition))


def _how(model: type[Model], table: Table, condition: Callable[[str], Q]) -> str:
    """By pairs where the planner finds the rows by indexes, and takes them for few."""
    if not table.indexed or not condition(ROWS):
        return ROWS
    enough = sqrt(_EVEN * max(table.rows, 1))
    queryset = model._default_manager.order_by().values("pk")
    by_index = _plan(queryset.filter(condition(PAIRS_ALONE)))
    if "Bitmap" not in str(by_index["Node Type"]) or by_index["Plan Rows"] > enough:
        return ROWS
    return ROWS if _plan(queryset.filter(condition(GUESSED)))["Plan Rows"] > enough else PAIRS


def _plan(queryset: QuerySet[Any]) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(queryset.explain(format="json"))[0]["Plan"]
    rows = plan["Plan Rows"]
    while plan["Node Type"] in {"Gather", "Gather Merge"}:
        plan = plan["Plans"][0]
    return {**plan, "Plan Rows": rows}
