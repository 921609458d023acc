"""Cover pictures, drawn from nothing: a JPEG of 640×360 for each video, the same one each time it is asked for.

The vendor cuts covers out of the video; here a cover shows the subject's colours and drawing, and the title where the
machine has a font with Chinese characters. A cover costs a few milliseconds, and a list asks for a hundred thumbnails
again and again: the last few hundred are kept.
"""

from __future__ import annotations

import io
import random
import re
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from playback.sandbox.media_subjects import Colour, icon, subject_of

WIDTH, HEIGHT = 640, 360
WIDTHS = (160, 320, 640)
_MARGIN = 40
_TEXT_WIDTH = 452
# Collections hold one face a region; 2 is the simplified Chinese one of Noto's.
_FONTS: tuple[tuple[str, int], ...] = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("/System/Library/Fonts/STHeiti Medium.ttc", 0),
    ("C:/Windows/Fonts/msyhbd.ttc", 0),
)
_NUMBERED = re.compile(r"(第\s?\d+\s?[讲课节])\s+(\S.*)", re.DOTALL)
_CLOSING = set("，。、；：？！）》」』”’…,.;:?!)")  # never first in a line


def plain(text: str) -> str:
    """What can be drawn of a name: printable characters, single spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def nearest_width(asked: int) -> int:
    """The smallest width we make that is not smaller than ``asked``; the full one for anything senseless."""
    return next((width for width in WIDTHS if 0 < asked <= width), WIDTH)


@lru_cache(maxsize=600)
def cover(video_id: int, title: str, room_title: str = "", width: int = WIDTH) -> bytes:
    """The JPEG. Its look depends on the arguments alone; ``width`` is one of :data:`WIDTHS`."""
    picture = _draw(video_id, title, room_title)
    if width != WIDTH:
        picture = picture.resize((width, width * HEIGHT // WIDTH), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _draw(video_id: int, title: str, room_title: str) -> Image.Image:
    dice = random.Random(video_id)  # noqa: S311 - decoration
    title, room_title = plain(title), plain(room_title)
    subject = subject_of(room_title, title)
    picture = _background(subject.start, subject.end, dice.randrange(4)).copy()
    for _ in range(3):
        side = dice.choice((180, 260, 360))
        at = (dice.randrange(-side // 2, WIDTH - side // 3), dice.randrange(-side // 2, HEIGHT - side // 3))
        picture.paste((255, 255, 255), at, _disc(side))
    side = dice.choice((230, 260, 290))
    at = (WIDTH - side - dice.randrange(10, 46), HEIGHT - side - dice.randrange(10, 60))
    picture.paste((255, 255, 255), at, _faint_icon(subject.key, side))
    pen = ImageDraw.Draw(picture)
    if (path := _font_path()) is None:
        _signature(pen, random.Random(f"{video_id} {title}"))  # noqa: S311 - decoration
        return picture
    pen.rounded_rectangle((_MARGIN, 52, _MARGIN + 46, 58), 3, fill=(255, 255, 255))
    y = 80
    if numbered := _NUMBERED.match(title):
        title = numbered[2]
        pen.text((_MARGIN, y - 4), numbered[1], font=_font(*path, 28), fill=(226, 232, 240))
        y += 46
    lines, font = _fit(title, path)
    for line in lines:
        pen.text((_MARGIN, y), line, font=font, fill=(255, 255, 255))
        y += int(font.size * 1.36)
    small = _font(*path, 21)
    pen.text((_MARGIN, 304), _shorten(room_title, small, WIDTH - 2 * _MARGIN), font=small, fill=(226, 232, 240))
    return picture


def _signature(pen: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """Bars in place of the title, no two names alike, for a machine without Chinese characters."""
    for row in range(3):
        x = _MARGIN
        for _ in range(dice.randrange(2, 5)):
            width = dice.randrange(30, 110)
            pen.rounded_rectangle((x, 110 + row * 46, x + width, 132 + row * 46), 11, fill=(255, 255, 255))
            x += width + 16


@cache
def _background(start: Colour, end: Colour, turn: int) -> Image.Image:
    """A diagonal gradient; ``turn`` (0–3) says where it starts."""
    across = Image.linear_gradient("L").rotate(90).resize((WIDTH, HEIGHT))
    down = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    ramp = Image.blend(across, down, 0.35 + 0.1 * turn)
    bands = [ramp.point([low + (high - low) * level // 255 for level in range(256)]) for low, high in zip(start, end)]  # noqa: B905
    return Image.merge("RGB", bands)


@cache
def _disc(side: int) -> Image.Image:
    mask = Image.new("L", (side * 2, side * 2))
    ImageDraw.Draw(mask).ellipse((0, 0, side * 2 - 1, side * 2 - 1), fill=16)
    return mask.resize((side, side), Image.Resampling.BILINEAR)


@cache
def _faint_icon(key: str, side: int) -> Image.Image:
    return icon(key, side).point([level * 62 // 255 for level in range(256)])


@cache
def _font_path() -> tuple[str, int] | None:
    return next(((path, index) for path, index in _FONTS if Path(path).is_file()), None)


@cache
def _font(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)


def _fit(title: str, path: tuple[str, int]) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """The title in at most three lines at the largest size that holds it; cut short at the smallest."""
    text = title[:80]
    for size, most in ((46, 2), (38, 3)):
        font = _font(*path, size)
        lines = _wrap(text, font, _TEXT_WIDTH)
        halves = _at_a_mark(text, lines, font)
        if halves:
            return halves, font
        if len(lines) <= most:
            return _balanced(text, lines, font), font
    font = _font(*path, 32)
    lines = _wrap(text, font, _TEXT_WIDTH)
    if len(lines) > 4:
        lines = [*lines[:3], _shorten(lines[3] + lines[4], font, _TEXT_WIDTH)]
    return lines, font


def _at_a_mark(text: str, lines: list[str], font: ImageFont.FreeTypeFont) -> list[str]:
    """Two lines, parted where the name itself is (``·``, ``】``, ``：``); empty if it is not, or they do not fit."""
    if len(lines) < 2 or not (found := re.match(r"(.{2,}?)(?:·|(?<=[】：]))\s?(.{2,})", text)):
        return []
    halves = [found[1], found[2]]
    return halves if all(font.getlength(half) <= _TEXT_WIDTH for half in halves) else []


def _balanced(text: str, lines: list[str], font: ImageFont.FreeTypeFont) -> list[str]:
    """The same number of lines, but none with a lone character or two at the end."""
    if len(lines) > 1 and font.getlength(lines[-1]) < _TEXT_WIDTH * 0.3:
        narrower = _wrap(text, font, int(font.getlength(text) / len(lines) * 1.15))
        return narrower if len(narrower) == len(lines) else lines
    return lines


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines broken as Chinese is: after any character, but not before closing punctuation nor inside a Latin word."""
    lines: list[str] = []
    line = ""
    for word in _pieces(text):
        if line and font.getlength(line + word) > width and word not in _CLOSING:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
    return [*lines, line] if line else lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for char in text:
        if pieces and char.isascii() and char.isalnum() and pieces[-1][-1].isascii() and pieces[-1][-1].isalnum():
            pieces[-1] += char
        else:
            pieces.append(char)
    return [part for piece in pieces for part in (piece[i : i + 24] for i in range(0, len(piece), 24))]


def _shorten(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def title_font(size: int) -> ImageFont.FreeTypeFont | None:
    """A font with Chinese characters, or None on a machine that has none."""
    path = _font_path()
    return _font(*path, size) if path else None
