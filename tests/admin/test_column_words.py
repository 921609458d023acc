"""Stored values in words, for the history of changes and the record of callbacks alike."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from playback.admin import column_words, delivery_display
from playback.models import Delivery, Recording, Room, Version

OLD, NEW = "https://img.example.org/a/7.jpg", "https://img.example.org/a/8.jpg"


@pytest.mark.parametrize(
    ("model", "name", "value", "words"),
    [
        (Recording, "status", 100, "Ready"),
        (Version, "publish_status", 2, "Blocked"),
        (Recording, "status", 77, "77"),
        (Recording, "length", 5025, "1:23:45"),
        (Recording, "length", 0, "–"),
        (Version, "total_transcode_size", 2**30, "1.0\xa0GB"),
        (Version, "version_type", 1, "Edited"),
        (Room, "is_long_term", False, "No"),
        (Room, "starts_at", "2024-03-01T08:00:00+00:00", "2024-03-01 16:00:00 Beijing time"),
        (Recording, "gone_at", None, "–"),
        (Recording, "name", "", "–"),
        (Recording, "play_times", 0, "0"),
        (Recording, "colour", "绿", "绿"),
    ],
)
def test_a_value_is_told_as_its_column_is(model: Any, name: str, value: Any, words: str) -> None:
    with translation.override("en"):
        assert column_words.before_and_after(model, name, value, None) == (words, "–")


def test_a_cover_is_told_by_its_end_and_in_whole_where_there_is_room() -> None:
    told = column_words.before_and_after
    assert told(Recording, "cover_url", OLD, NEW) == ("7.jpg", "8.jpg")
    assert told(Recording, "cover_url", OLD, NEW, whole=True) == (OLD, NEW)
    assert told(Recording, "cover_url", None, NEW) == ("–", "8.jpg")


def test_covers_that_end_alike_are_told_in_whole() -> None:
    moved = OLD.replace("img", "cdn")
    assert column_words.before_and_after(Recording, "cover_url", OLD, moved) == (OLD, moved)


def test_a_callback_on_a_column_that_is_no_more() -> None:
    delivery = Delivery(changed={"version": {"colour": ["红", "绿"], "cover_url": [OLD, NEW]}})
    with translation.override("en"):
        assert delivery_display.changes(delivery) == [
            ("Version · colour", "红", "绿"),
            ("Version · cover", "7.jpg", "8.jpg"),
        ]
        assert delivery_display.changes(delivery, whole=True)[1] == ("Version · cover", OLD, NEW)
