"""Names, patterns and covers: what is taken, what is refused with a sentence beside its field."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playback.models import Recording
from playback.operations import execute
from playback.operations.base import Attachment, Facts, OperationInvalid
from playback.operations.kinds import cover, names

from .makers import START, make_recordings, make_user, picture

FACTS = Facts(1, 17081558148393, 0, "第1课", "高一3班", 100, 1, START, "", None, 0)


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        ("{room} {date} 第{n}讲", "高一3班 2026-03-02 第7讲"),
        ("{name}{n}", "第1课7"),
        ("  plain  ", "plain"),
        ("{room}{room}", "高一3班高一3班"),
    ],
)
def test_patterns(pattern: str, made: str) -> None:
    assert names.render(names.clean_pattern(pattern), FACTS, 7) == made


@pytest.mark.parametrize(
    "pattern", ["{title}", "{n", "n}", "{}", "{name.__class__}", "{n!r}", "{n:9}", "a\nb", "x" * 256]
)
def test_patterns_that_cannot_be_meant(pattern: str) -> None:
    with pytest.raises(OperationInvalid) as wrong:
        names.clean_pattern(pattern)
    assert wrong.value.errors.keys() == {"pattern"}


@given(st.text(), st.text(), st.text())
def test_a_rendered_name_is_one_clean_line(pattern: str, name: str, room: str) -> None:
    try:
        cleaned = names.clean_pattern(pattern)
    except OperationInvalid:
        return
    made = names.render(cleaned, FACTS._replace(name=name, room_title=room), 3)
    assert made == made.strip()
    assert len(made.splitlines()) <= 1
    assert "\x00" not in made


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parameters", "field"),
    [({}, "name"), ({"name": "  "}, "name"), ({"name": "a", "pattern": "{n}"}, "pattern"), ({"name": "a\x00b"}, "name"),
     ({"name": "字" * 256}, "name")],
)  # fmt: skip
def test_what_rename_refuses(parameters: dict[str, str], field: str) -> None:
    make_recordings(1)
    with pytest.raises(OperationInvalid) as wrong:
        execute.plan("rename", make_user("staff", "rename_recording"), Recording.objects.all(), parameters)
    assert wrong.value.errors.keys() == {field}


@pytest.mark.django_db
def test_a_pattern_counts_the_classes_as_they_were_held() -> None:
    make_recordings(3)
    user = make_user("staff", "rename_recording")
    operation = execute.plan("rename", user, Recording.objects.order_by("-created_at"), {"pattern": "{date} 第{n}讲"})
    assert [item.change["name"] for item in operation.items.all()] == [
        ["第0课", "2026-03-02 第1讲"],
        ["第1课", "2026-03-03 第2讲"],
        ["第2课", "2026-03-04 第3讲"],
    ]
    assert operation.notes == []


@pytest.mark.django_db
def test_a_sliced_selection_is_numbered_too() -> None:
    make_recordings(3)
    user = make_user("staff", "rename_recording")
    operation = execute.plan("rename", user, Recording.objects.order_by("-created_at")[:2], {"pattern": "第{n}讲"})
    assert [item.change["name"] for item in operation.items.all()] == [["第1课", "第1讲"], ["第2课", "第2讲"]]


@pytest.mark.django_db
def test_one_name_for_several_is_pointed_out_and_the_same_name_skipped() -> None:
    make_recordings(3)
    make_recordings(1, name="期末复习")
    user = make_user("staff", "rename_recording")
    operation = execute.plan("rename", user, Recording.objects.all(), {"name": "期末复习"})
    assert operation.notes == [{"code": "same_names", "args": {"count": 3}}]
    assert execute.counts(operation)["skipped"] == 1


@pytest.mark.django_db
def test_a_pattern_may_make_too_long_or_empty_names() -> None:
    make_recordings(1, name="长" * 255)
    make_recordings(1, name="")
    user = make_user("staff", "rename_recording")
    operation = execute.plan("rename", user, Recording.objects.order_by("pk"), {"pattern": "{name}{name}"})
    codes = {item.recording.name: item.reason["code"] for item in operation.items.select_related("recording")}
    assert codes == {"长" * 255: "name_too_long", "": "name_empty"}


@pytest.mark.django_db
def test_a_cover_is_kept_as_it_came() -> None:
    make_recordings(1, cover_url="https://example.test/old.jpg")
    uploaded = picture(name="封面.png")
    operation = execute.plan(
        "rename", make_user("staff", "rename_recording"), Recording.objects.all(), {}, attachment=uploaded
    )
    operation.refresh_from_db()
    assert bytes(operation.attachment or b"") == uploaded.content
    assert (operation.attachment_type, operation.attachment_name) == ("image/png", "cover.png")
    item = operation.items.get()
    assert item.change == {"cover": ["https://example.test/old.jpg", "封面.png"]}
    assert item.before["cover_url"] == "https://example.test/old.jpg"


def bomb() -> bytes:
    """A PNG header that claims 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff\xe0 not really",
        picture().content[:-200],
        picture("GIF").content,
        picture(size=(159, 400)).content,
        picture(size=(8001, 160)).content,
        bomb(),
        picture().content + b"\0" * cover.MAX_BYTES,
    ],
    ids=["empty", "svg", "fake jpeg", "cut off", "gif", "small", "wide", "bomb", "heavy"],
)
def test_what_is_no_cover(content: bytes) -> None:
    with pytest.raises(OperationInvalid) as wrong:
        cover.check(Attachment("cover.png", content, "image/png"))
    assert wrong.value.errors.keys() == {"cover"}


def test_the_content_decides_the_type() -> None:
    checked, told = cover.check(picture("JPEG", name="lies.png"))
    assert (checked.filename, checked.content_type) == ("cover.jpg", "image/jpeg")
    assert (told["name"], told["width"]) == ("lies.png", 320)
