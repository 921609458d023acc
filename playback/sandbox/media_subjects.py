"""What a school subject looks like: two colours and a line drawing, found from a title.

The drawings are masks made with Pillow's shapes, so that a cover needs no font and no picture file. They are drawn four
times too large once a process and scaled down, which is Pillow's way to smooth edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

_UNIT = 960  # the side of the drawing board
_LINE = 26  # pen width on it


@dataclass(frozen=True, slots=True)
class Subject:
    """``words``: the title names one of them. ``start`` and ``end`` are the ends of the cover's gradient."""

    key: str
    words: tuple[str, ...]
    start: Colour
    end: Colour


SUBJECTS: tuple[Subject, ...] = (
    Subject("code", ("编程", "Python", "信息学", "信息技术", "算法"), (30, 41, 59), (15, 118, 110)),
    Subject("maths", ("数学", "奥数", "几何", "代数", "函数"), (30, 58, 138), (37, 99, 235)),
    Subject("physics", ("物理", "力学", "电磁"), (49, 46, 129), (124, 58, 237)),
    Subject("chemistry", ("化学",), (6, 78, 59), (5, 150, 105)),
    Subject("biology", ("生物",), (20, 83, 45), (101, 163, 13)),
    Subject("english", ("英语", "托福", "雅思"), (124, 45, 18), (234, 88, 12)),
    Subject("geography", ("地理",), (22, 78, 99), (8, 145, 178)),
    Subject("history", ("历史",), (88, 48, 22), (180, 110, 40)),
    Subject("civics", ("政治", "道德", "法治"), (127, 29, 29), (220, 38, 38)),
    Subject("music", ("音乐", "钢琴", "合唱"), (112, 26, 117), (219, 39, 119)),
    Subject("art", ("美术", "书法", "素描", "艺术"), (131, 24, 67), (244, 114, 92)),
    Subject("chinese", ("语文", "作文", "阅读", "古诗", "文言"), (120, 24, 44), (200, 62, 77)),
    Subject("science", ("科学", "实验"), (12, 74, 110), (20, 160, 150)),
)
OTHER = Subject("other", (), (31, 41, 55), (71, 85, 105))


def subject_of(*titles: str) -> Subject:
    """The subject named in the first title that names one; :data:`OTHER` where none does."""
    for title in titles:
        for subject in SUBJECTS:
            if any(word in title for word in subject.words):
                return subject
    return OTHER


@cache
def icon(key: str, side: int) -> Image.Image:
    """The subject's drawing as a mask (mode L) with this side in pixels."""
    board = Image.new("L", (_UNIT, _UNIT))
    _DRAWINGS.get(key, _play)(ImageDraw.Draw(board))
    return board.resize((side, side), Image.Resampling.LANCZOS)


def _curve(pen: ImageDraw.ImageDraw, points: list[tuple[float, float]], width: int = _LINE) -> None:
    pen.line(points, fill=255, width=width, joint="curve")


def _maths(pen: ImageDraw.ImageDraw) -> None:
    pen.line((90, 660, 880, 660), fill=170, width=16)
    pen.line((260, 870, 260, 90), fill=170, width=16)
    pen.polygon(((880, 635), (925, 660), (880, 685)), fill=170)
    pen.polygon(((235, 90), (260, 45), (285, 90)), fill=170)
    _curve(pen, [(x, 470 - 230 * math.sin((x - 130) / 118) - (x - 130) * 0.13) for x in range(110, 861, 6)])
    pen.ellipse((285, 210, 345, 270), fill=255)


def _physics(pen: ImageDraw.ImageDraw) -> None:
    for turn in (0, math.pi / 3, 2 * math.pi / 3):
        ring = [2 * math.pi * step / 90 for step in range(92)]
        _curve(
            pen,
            [
                (
                    480 + 410 * math.cos(a) * math.cos(turn) - 150 * math.sin(a) * math.sin(turn),
                    480 + 410 * math.cos(a) * math.sin(turn) + 150 * math.sin(a) * math.cos(turn),
                )
                for a in ring
            ],
            20,
        )
    pen.ellipse((420, 420, 540, 540), fill=255)


def _chemistry(pen: ImageDraw.ImageDraw) -> None:
    _curve(pen, [(400, 110), (400, 400), (170, 800), (210, 860), (750, 860), (790, 800), (560, 400), (560, 110)])
    pen.line((350, 110, 610, 110), fill=255, width=34)
    pen.polygon(((318, 585), (642, 585), (755, 795), (730, 828), (230, 828), (205, 795)), fill=150)
    for x, y, r in ((430, 690, 34), (540, 740, 24), (480, 500, 22), (520, 410, 14)):
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)


def _biology(pen: ImageDraw.ImageDraw) -> None:
    for shift in (0.0, math.pi):
        _curve(pen, [(480 + 210 * math.sin(y / 130 + shift), y) for y in range(80, 881, 8)])
    for y in range(120, 860, 68):
        half = 210 * math.sin(y / 130)
        pen.line((480 - half, y, 480 + half, y), fill=150, width=14)


def _english(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((90, 130, 690, 560), 90, outline=255, width=_LINE)
    pen.polygon(((210, 550), (210, 690), (350, 550)), fill=255)
    pen.rounded_rectangle((380, 420, 870, 760), 80, fill=150)
    pen.polygon(((760, 745), (780, 870), (640, 745)), fill=150)
    _curve(pen, [(250, 460), (345, 230), (440, 460)])
    pen.line((285, 385, 405, 385), fill=255, width=22)
    for y in (540, 630):
        pen.line((470, y, 780 if y == 540 else 690, y), fill=255, width=22)


def _geography(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((110, 110, 850, 850), outline=255, width=_LINE)
    for half in (130, 265):
        pen.ellipse((480 - half, 110, 480 + half, 850), outline=190, width=16)
    pen.line((110, 480, 850, 480), fill=190, width=16)
    for y, half in ((290, 318), (670, 318)):
        pen.line((480 - half, y, 480 + half, y), fill=190, width=16)


def _history(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon(((100, 330), (480, 110), (860, 330)), fill=255)
    pen.rectangle((130, 360, 830, 400), fill=200)
    for x in (180, 350, 520, 690):
        pen.rectangle((x, 430, x + 90, 720), fill=200)
    pen.rectangle((130, 750, 830, 790), fill=200)
    pen.rectangle((90, 815, 870, 860), fill=255)


def _civics(pen: ImageDraw.ImageDraw) -> None:
    pen.line((480, 120, 480, 800), fill=255, width=_LINE)
    pen.line((180, 240, 780, 240), fill=255, width=_LINE)
    pen.line((300, 830, 660, 830), fill=255, width=40)
    for x in (200, 760):
        pen.line((x, 240, x - 120, 540), fill=190, width=14)
        pen.line((x, 240, x + 120, 540), fill=190, width=14)
        pen.chord((x - 140, 440, x + 140, 660), 0, 180, fill=255)


def _music(pen: ImageDraw.ImageDraw) -> None:
    pen.line((370, 250, 370, 730), fill=255, width=30)
    pen.line((740, 180, 740, 650), fill=255, width=30)
    pen.polygon(((356, 250), (754, 160), (754, 290), (356, 380)), fill=255)
    pen.ellipse((200, 650, 385, 800), fill=255)
    pen.ellipse((570, 570, 755, 720), fill=255)


def _art(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((100, 160, 860, 800), outline=255, width=_LINE)
    pen.ellipse((560, 560, 700, 680), fill=110)
    for x, y in ((280, 380), (430, 280), (600, 290), (720, 410), (290, 560)):
        pen.ellipse((x - 56, y - 56, x + 56, y + 56), fill=230)


def _chinese(pen: ImageDraw.ImageDraw) -> None:
    for side in (-1, 1):
        page = [(480, 250), (480 + side * 190, 170), (480 + side * 390, 220), (480 + side * 390, 760)]
        _curve(pen, [*page, (480 + side * 190, 710), (480, 790), (480, 250)])
        for step in range(3):
            y = 360 + step * 110
            pen.line((480 + side * 90, y, 480 + side * 310, y - 16), fill=170, width=18)


def _code(pen: ImageDraw.ImageDraw) -> None:
    _curve(pen, [(330, 260), (110, 480), (330, 700)], 44)
    _curve(pen, [(630, 260), (850, 480), (630, 700)], 44)
    pen.line((555, 190, 405, 770), fill=190, width=40)


def _science(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((250, 100, 710, 560), outline=255, width=_LINE)
    _curve(pen, [(390, 330), (440, 420), (480, 330), (520, 420), (570, 330)], 20)
    for y, half in ((610, 130), (690, 130), (770, 100)):
        pen.rounded_rectangle((480 - half, y, 480 + half, y + 46), 22, fill=220)


def _play(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((110, 110, 850, 850), outline=255, width=_LINE)
    pen.polygon(((390, 300), (390, 660), (690, 480)), fill=255)


_DRAWINGS: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "maths": _maths,
    "physics": _physics,
    "chemistry": _chemistry,
    "biology": _biology,
    "english": _english,
    "geography": _geography,
    "history": _history,
    "civics": _civics,
    "music": _music,
    "art": _art,
    "chinese": _chinese,
    "code": _code,
    "science": _science,
}
