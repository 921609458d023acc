"""Words by pairs of characters find what ``icontains`` finds, on PostgreSQL, whatever the words."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from playback.models import Recording, Room
from playback.models.bigrams import caseless
from tests.factories import RecordingFactory, RoomFactory

# Few characters, so that words are often met: Chinese, both cases, an umlaut and its kin that change their length or
# their number in upper case, full-width letters, an emoji of two code points, and what LIKE, quotes and arrays mind.
ALPHABET = "函数学aAbBéÉßſıİŉǆａＡΣσς👍🏽0９%_\\'\"{},$ ·"
texts = st.text(alphabet=ALPHABET, max_size=12)
words = st.text(alphabet=ALPHABET, min_size=1, max_size=5)


@pytest.mark.portable
class TestSameRows(TestCase):
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(texts, min_size=1, max_size=8), words, st.data())
    def test_every_way_finds_what_icontains_finds(self, names: list[str], word: str, data: st.DataObject) -> None:
        room = RoomFactory()
        Recording.objects.bulk_create(
            Recording(room=room, session_id=n, name=name, first_seen_at=room.first_seen_at)
            for n, name in enumerate(names)
        )
        if long := [name for name in names if len(name) > 1]:
            name = data.draw(st.sampled_from(long))
            first = data.draw(st.integers(0, len(name) - 2))
            word = data.draw(st.sampled_from([word, name[first : first + 3], name[first:].swapcase()]))
        expected = set(Recording.objects.filter(name__icontains=word).values_list("name", flat=True))
        for lookup in ("by_pairs", "by_rows"):
            found = set(Recording.objects.filter(**{f"name__{lookup}": word}).values_list("name", flat=True))
            assert found == expected, lookup


@pytest.mark.django_db
@pytest.mark.portable
def test_a_room_and_a_name_of_a_joined_table() -> None:
    wanted = RecordingFactory(name="Limits", room__title="高一Ａ班")
    RecordingFactory(name="limit", room__title="高二")
    for lookup in ("by_pairs", "by_rows"):
        assert Recording.objects.get(**{f"name__{lookup}": "LIMITS"}) == wanted
        assert Recording.objects.get(**{f"room__title__{lookup}": "高一"}) == wanted
        if connection.vendor == "postgresql":  # SQLite knows the case of ASCII alone
            assert Recording.objects.get(**{f"room__title__{lookup}": "ａ班"}) == wanted
        assert Room.objects.filter(**{f"title__{lookup}": "高"}).count() == 2


def test_what_has_no_case() -> None:
    assert caseless("高一（3）".replace("（", "").replace("）", ""))
    assert caseless("第12讲")
    assert not any(caseless(word) for word in ("a", "数a", "É", "ａ", "ß"))


@pytest.mark.django_db
@pytest.mark.services
def test_no_caseless_character_is_another_ones_upper_case() -> None:
    """LIKE without UPPER is right for them only if none comes out of, or goes into, a change of case."""
    if connection.vendor != "postgresql":
        pytest.skip("UPPER of PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM generate_series(1, 65535) n WHERE n NOT BETWEEN 55296 AND 57343 AND upper(chr(n)) <> chr(n)"
        )
        lower = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT upper(chr(n)) FROM unnest(%s::int[]) n", [lower])
        upper = {row[0] for row in cursor.fetchall()}
    assert len(lower) > 50
    assert not any(caseless(chr(number)) for number in lower)
    assert not any(caseless(char) for text in upper for char in text)
