"""How a word is looked for in names: PostgreSQL by pairs of characters through an index, all others row by row.

Chinese words have two characters, which the usual trigrams miss. ``playback_bigrams`` (migration 0013) makes of a text
all its pairs of neighbouring characters, in upper case as ``icontains`` compares; a GIN index on them finds the few
rows that have all pairs of a word. What is found is what ``icontains`` finds, always: each row is compared again.

Three lookups say the same and cost differently. ``by_pairs`` (for rare words; without its index it is the slowest of
all), ``by_rows`` (for words of many rows: whoever wants the first fifty of them has met them soon) and ``guessed``,
which is never run: it is what the planner guesses a word's rows from, by the values it knows of the column.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Lookup
from django.db.models.lookups import IContains

# Neither side of these has an upper or lower case, so that LIKE says what UPPER(…) LIKE UPPER(…) says, in a third of
# the time: digits, and the blocks of Chinese characters and their punctuation.
_CASELESS = ((0x30, 0x39), (0x3000, 0x303F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF))


def caseless(word: str) -> bool:
    return all(any(first <= ord(char) <= last for first, last in _CASELESS) for char in word)


@CharField.register_lookup
class ByRows(Lookup):
    lookup_name = "by_rows"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return IContains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, of_column = compiler.compile(self.lhs)
        word = str(self.rhs)
        if caseless(word):
            return f"{column} LIKE %s", [*of_column, _pattern(word)]
        return f"UPPER({column}) LIKE UPPER(%s)", [*of_column, _pattern(word)]


@CharField.register_lookup
class ByPairs(ByRows):
    lookup_name = "by_pairs"

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        again, of_again = super().as_postgresql(compiler, connection)
        if len(str(self.rhs)) < 2:
            return again, of_again
        column, of_column = compiler.compile(self.lhs)
        pairs = f"playback_bigrams({column}) @> playback_bigrams(%s)"
        return f"({pairs} AND {again})", [*of_column, str(self.rhs), *of_again]


@CharField.register_lookup
class PairsAlone(ByPairs):
    """Only the pairs, which is what the planner has numbers of: to be guessed from, not to be answered from."""

    lookup_name = "pairs_alone"

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        if len(str(self.rhs)) < 2:
            return super().as_postgresql(compiler, connection)
        column, of_column = compiler.compile(self.lhs)
        return f"playback_bigrams({column}) @> playback_bigrams(%s)", [*of_column, str(self.rhs)]


@CharField.register_lookup
class Guessed(Lookup):
    lookup_name = "guessed"
    prepare_rhs = False

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, of_column = compiler.compile(self.lhs)
        return f"{column} ILIKE %s", [*of_column, _pattern(str(self.rhs))]


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
