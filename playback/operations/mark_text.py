"""Mark points as people write them: pasted lines, and CSV files read and written.

A line begins with its time: ``00:12:30 导入``, ``12:30，新课``, with a tab, or ``time,text`` of a CSV. Nothing is
guessed: a line that is none of these is named with its number, and then no line is taken.

Text that a spreadsheet would run as a formula is written with an apostrophe before it, which reading takes off again.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterable
from io import StringIO
from typing import NamedTuple

from django.utils.translation import gettext as _

from .mark_lists import MOST, problems
from .marks import Mark, format_offset, parse_offset

LARGEST_FILE = 512 * 1024  # bytes; 500 lines of 255 Chinese characters are 400 kB

_LINE = re.compile(r"([\d:：]+)([\s,，、;；]*)(.*)")
_FIRST_CELL = re.compile(r'"((?:[^"]|"")*)"([\s,，;；]*)(.*)')
_CELL = re.compile(r'"((?:[^"]|"")*)"[,;\t]*')
_TRAILING = re.compile(r"[,\t]+$")  # the empty columns of a spreadsheet
_HEADERS = frozenset({"time", "offset", "time_offset", "时间", "时刻", "时间点", "打点时间"})
_FORMULA = "=+\\-@＝＋－＠"
_RISKY = re.compile(rf"'*[{_FORMULA}]")
_DEFUSED = re.compile(rf"'+[{_FORMULA}]")
_BOMS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]


class Problem(NamedTuple):
    """A line that cannot be taken, by its number from 1 (0: the text as a whole), and why."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return _("Line %(line)d: %(what)s") % {"line": self.line, "what": self.sentence} if self.line else self.sentence


class Lines(NamedTuple):
    """What was read; no marks where there are problems."""

    marks: list[Mark]
    problems: list[Problem]


class NotText(ValueError):
    """The file is no CSV that can be read here; the message is a sentence for the person."""


def decode(raw: bytes) -> str:
    """The text of an uploaded file, by what is in it: UTF-8 or UTF-16 with a mark of their own, UTF-8, or GB18030,
    which is what a Chinese Excel writes. Raises :class:`NotText`."""
    if len(raw) > LARGEST_FILE:
        raise NotText(_("The file is larger than %(limit)d kB.") % {"limit": LARGEST_FILE // 1024})
    if raw.startswith(b"PK"):
        raise NotText(_("This is a workbook or an archive: save it as CSV first."))
    encodings = [name for mark, name in _BOMS if raw.startswith(mark)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        if all(character in "\t\r\n" or unicodedata.category(character) != "Cc" for character in text):
            return text
        break
    raise NotText(_("This is not a text file in UTF-8 or GB18030."))


def read(text: str) -> Lines:
    """The mark points of pasted lines or of a CSV's text; empty lines and a heading are passed over."""
    marks: list[Mark] = []
    numbers: list[int] = []
    found: list[Problem] = []
    begun = False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), 1):
        if not line.strip():
            continue
        time, words = _parted(line.strip())
        is_heading = not begun and time.strip().casefold() in _HEADERS
        begun = True
        if is_heading:
            continue
        offset = parse_offset(time)
        if offset is None:
            found.append(Problem(number, _("It does not begin with a time like 00:12:30 or 12:30.")))
            continue
        marks.append(Mark(offset, words[1:] if _DEFUSED.match(words) else words))
        numbers.append(number)
    found += _checked(marks, numbers)
    if not marks and not found:
        found.append(Problem(0, _("There are no lines with mark points.")))
    return Lines([] if found else marks, sorted(found))


def _parted(line: str) -> tuple[str, str]:
    """The time and the text of a line; the first cell and nothing where it has no time in front."""
    parts = _FIRST_CELL.fullmatch(line) or _LINE.fullmatch(line)
    if parts is None:
        return re.split(r"[\t,，;；]", line, maxsplit=1)[0], ""
    time, between, words = parts.groups()
    if re.search(r"[,，;；\t]", between) and (cell := _CELL.fullmatch(words)):  # quotes are a table's, not a sentence's
        return time, cell[1].replace('""', '"').strip()
    return time, _TRAILING.sub("", words).strip()


def _checked(marks: list[Mark], numbers: list[int]) -> list[Problem]:
    if len(marks) > MOST:
        counts = {"count": len(marks), "limit": MOST}
        return [Problem(0, _("These are %(count)d lines; at most %(limit)d are taken.") % counts)]
    return [Problem(numbers[place], sentence) for place, sentence in problems(marks, numbers).items()]


def write(marks: Iterable[Mark]) -> bytes:
    """A CSV for people: UTF-8 with a byte order mark, which Excel needs to see that it is that."""
    lines = StringIO()
    table = csv.writer(lines, quoting=csv.QUOTE_ALL)
    table.writerow([_("time"), _("text")])
    for offset, text in marks:
        table.writerow([format_offset(offset), f"'{text}" if _RISKY.match(text) else text])
    return lines.getvalue().encode("utf-8-sig")
