"""Search: by words, and by whatever ids somebody pastes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from playback.admin import search
from playback.models import Recording, Room, Version
from tests.factories import RecordingFactory, RoomFactory, VersionFactory

numbers = st.integers(min_value=1, max_value=2**63 - 1)
separators = st.sampled_from([" ", ",", ", ", "\n", "，", "、", "；\n", "\t"])
shapes = st.sampled_from(
    [
        "{room}-{session}",
        "https://school.at.baijiayun.com/web/playback/index?classid={room}&token=x-y_z&session_id={session}",
        "?classid={room}&session_id={session}",
        "room_id={room}&session_id={session}",
    ]
)


@given(st.lists(st.tuples(numbers, numbers, shapes), min_size=1, max_size=20), separators)
def test_pairs_are_found_in_every_shape(pairs: list[tuple[int, int, str]], separator: str) -> None:
    text = separator.join(shape.format(room=room, session=session) for room, session, shape in pairs)
    found = search.parse(f"  {text} ")
    assert found is not None
    assert found.pairs == {(room, session) for room, session, _ in pairs}


@given(st.lists(numbers, min_size=1, max_size=20), separators)
def test_plain_numbers_are_ids(values: list[int], separator: str) -> None:
    found = search.parse(separator.join(map(str, values)))
    assert found is not None
    assert found.numbers == set(values)
    assert not found.pairs


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    search.parse(text)


@given(st.text(alphabet="数学讲座abc", min_size=1, max_size=10), numbers)
def test_one_word_among_numbers_makes_it_a_text(word: str, number: int) -> None:
    assert search.parse(f"{number} {word}") is None


@pytest.mark.parametrize("term", ["9" * 19, f"{2**63}", f"{2**63}-1"])
def test_numbers_past_the_column_find_nothing(term: str) -> None:
    assert not search.parse(term)


@pytest.mark.django_db
@pytest.mark.portable
class TestRecordings:
    def find(self, term: str) -> set[int]:
        return set(Recording.objects.filter(search.recordings(term)).values_list("pk", flat=True))

    def test_by_each_id_and_by_a_cuts_video(self) -> None:
        room = RoomFactory(room_id=17081558148393)
        wanted = RecordingFactory(room=room, session_id=201912010, video_id=153582, playback_id=123456)
        RecordingFactory(room=room, session_id=201912020)
        RecordingFactory()
        cut = VersionFactory(recording=wanted, video_id=218203)
        for term in (
            "17081558148393-201912010",
            "201912010",
            "153582",
            "123456",
            str(cut.video_id),
            "https://x.at.baijiayun.com/web/playback/index?classid=17081558148393&token=abc&session_id=201912010",
        ):
            assert self.find(term) == {wanted.pk}, term
        assert len(self.find("17081558148393")) == 2

    def test_several_at_once(self) -> None:
        one, two, _other = RecordingFactory.create_batch(3)
        assert self.find(f"{one.video_id}，{two.room_id}") == {one.pk, two.pk}

    def test_by_words_of_name_and_room(self) -> None:
        wanted = RecordingFactory(name="函数的单调性", room__title="高一数学（8）班")
        RecordingFactory(name="函数的奇偶性", room__title="高二物理")
        assert self.find("函数 数学") == {wanted.pk}
        assert self.find("单调") == {wanted.pk}

    def test_a_short_number_is_looked_for_in_names_too(self) -> None:
        wanted = RecordingFactory(name="数学20231105")
        assert wanted.pk in self.find("20231105")

    def test_session_zero_is_not_an_id(self) -> None:
        RecordingFactory(session_id=0, name="没有数字", room__title="教室")
        assert self.find("0") == set()


@pytest.mark.django_db
@pytest.mark.portable
def test_rooms_and_versions() -> None:
    room = RoomFactory(title="高一数学")
    recording = RecordingFactory(room=room, session_id=202401010)
    version = VersionFactory(recording=recording)
    VersionFactory()
    for term in (str(room.room_id), f"{room.room_id}-202401010", "高一"):
        assert Room.objects.filter(search.rooms(term), title="高一数学").get() == room
    for term in (str(version.video_id), recording.vendor_key, str(recording.session_id)):
        assert Version.objects.filter(search.versions(term)).get() == version, term


@pytest.mark.django_db
def test_the_list_searches(staff: Client) -> None:
    wanted, other = RecordingFactory(name="要找的"), RecordingFactory(name="其他的")
    page = staff.get(reverse("admin:playback_recording_changelist"), {"q": wanted.vendor_key}).content.decode()
    assert wanted.name in page
    assert other.name not in page


@pytest.mark.parametrize(
    ("pasted", "left"),
    [
        ("https://x/index?classid=12&token=x-y_z&session_id=201", "https://x/index?classid=12&session_id=201"),
        ("https://x/index?classid=12&limited_token=abc", "https://x/index?classid=12&"),
        ("?token=abc&classid=12", "?classid=12"),
        ("x%3Fclassid%3D12%26token%3Dabc%26session_id%3D3", "x%3Fclassid%3D12%26session_id%3D3"),
        ("classid=12&TOKEN=abc，classid=13&token=def", "classid=12&，classid=13&"),
        ("a token of the class", "a token of the class"),
    ],
)  # fmt: skip
def test_a_token_is_no_part_of_a_search(pasted: str, left: str) -> None:
    assert search.without_tokens(pasted) == left


@pytest.mark.django_db
@pytest.mark.portable
@pytest.mark.parametrize("of", ["recording", "version", "room", "trashentry"])
def test_a_pasted_token_is_sent_away_before_anything_shows_it(staff: Client, of: str) -> None:
    url = reverse(f"admin:playback_{of}_changelist")
    answer = staff.get(url, {"q": "https://x/index?classid=12&token=s3cret&session_id=201", "o": "1"})
    assert answer.status_code == 302
    assert "s3cret" not in answer.url
    page = staff.get(answer.url)
    assert page.status_code == 200
    assert "classid=12&amp;session_id=201" in page.content.decode()
