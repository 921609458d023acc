"""A file of people to rows: XLSX, or CSV in the encodings that Chinese offices write, told apart by what is in it.

The file is somebody's upload: its size is bounded before it is unpacked, its rows while they are read, and everything
that cannot be read is a sentence. Rows keep the number under which a spreadsheet program shows them.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string

from . import columns
from .columns import NAME, PHONE, USER_ID, USER_SN
from .values import NOTHING, Value, of_cell, of_text

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 60_000
MOST_LINES = 2**20  # what a spreadsheet can have; a file may claim more, most of them empty
MOST_UNPACKED = 300 * 1024 * 1024
MOST_COLUMNS = 200
_XLSX = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx under a password
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_DELIMITERS = ",\t;，|"

Cells = Sequence[Value]


class RosterUnreadable(Exception):
    """Nothing can be done with the file; the message is for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the file."""

    line: int
    user_id: Value = NOTHING
    user_sn: Value = NOTHING
    name: Value = NOTHING
    phone: Value = NOTHING


@dataclass(slots=True)
class Roster:
    rows: list[Row]
    columns: list[str]
    header_line: int
    encoding: str = ""  # of a CSV
    sheet: str = ""  # of an XLSX with several
    other_sheets: list[str] = field(default_factory=list)


def read(content: bytes) -> Roster:
    """Raises :class:`RosterUnreadable`."""
    if len(content) > MOST_BYTES:
        raise RosterUnreadable(_("The file has more than %(most)s MB.") % {"most": MOST_BYTES // 2**20})
    if not content.strip():
        raise RosterUnreadable(_("The file is empty."))
    if content.startswith(_XLSX):
        return _read_xlsx(content)
    if content.startswith(_OLD_OFFICE):
        raise RosterUnreadable(
            _("This is an old Excel file (.xls), or one with a password: save it as .xlsx without a password.")
        )
    return _read_csv(content)


# ---------------------------------------------------------------- XLSX


def _read_xlsx(content: bytes) -> Roster:
    broken = RosterUnreadable(_("This is no XLSX file that can be read. Save it anew in your spreadsheet program."))
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise RosterUnreadable(_("The file is too large once it is unpacked."))
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    except RosterUnreadable:
        raise
    except Exception as error:  # openpyxl lets through whatever its parsers and a broken archive raise
        raise broken from error
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        if not sheets:
            raise broken
        return _from_sheets(book, sheets)
    except RosterUnreadable:
        raise
    except Exception as error:
        raise broken from error
    finally:
        book.close()


def _from_sheets(book: Any, sheets: Sequence[Any]) -> Roster:
    """The first sheet that has a header; the others are named, not read."""
    failure: RosterUnreadable | None = None
    for sheet in sheets:
        sheet.reset_dimensions()  # what a file says of its size may be wrong
        try:
            roster = _rows(_sheet_rows(sheet), _spread(_merged(book, sheet)))
        except RosterUnreadable as error:
            failure = failure or error
            continue
        if len(sheets) > 1:
            roster.sheet = sheet.title
            roster.other_sheets = [other.title for other in sheets if other is not sheet]
        return roster
    raise failure or RosterUnreadable(_("The file is empty."))


def _sheet_rows(sheet: Any) -> Iterator[Cells]:
    for row in sheet.iter_rows():
        yield [
            of_cell(value, cell.number_format if value.__class__ is int else "") if (value := cell.value) is not None
            else NOTHING
            for cell in row[:MOST_COLUMNS]
        ]  # fmt: skip


def _merged(book: Any, sheet: Any) -> list[tuple[int, int, int, int]]:
    """First row, last row, first column, last column (from 0) of merged cells; the reader for large files leaves them
    out."""
    with book._archive.open(sheet._worksheet_path) as stream:
        found, tail = [], b""
        while block := stream.read(1 << 20):
            text = tail + block
            found += _MERGED.findall(text)
            if len(found) > MOST_ROWS:
                break
            cut = text.rfind(b"<")
            tail = text[cut:] if cut >= 0 and len(text) - cut < 4096 else b""
    return [
        (
            int(top),
            int(bottom),
            column_index_from_string(left.decode()) - 1,
            column_index_from_string(right.decode()) - 1,
        )
        for left, top, right, bottom in found
    ]


def _spread(merged: Sequence[tuple[int, int, int, int]]) -> Callable[[int, list[Value]], None]:
    """What stands in a merged cell stands in each row that it covers (not in each column)."""
    tall = sorted(area for area in merged if area[1] > area[0])
    reaching: dict[int, tuple[int, Value]] = {}  # column → last row and value of the area that is open there
    position = 0

    def fill(line: int, cells: list[Value]) -> None:
        nonlocal position
        for column, (bottom, value) in list(reaching.items()):
            if bottom < line:
                del reaching[column]
                continue
            cells += [NOTHING] * (column + 1 - len(cells))
            cells[column] = value
        while position < len(tall) and tall[position][0] <= line:
            top, bottom, left, _right = tall[position]
            if top == line and left < len(cells) and cells[left].text:
                reaching[left] = (bottom, cells[left])
            position += 1

    return fill


# ---------------------------------------------------------------- CSV


def _read_csv(content: bytes) -> Roster:
    text, encoding = decoded(content)
    if "\0" in text:
        raise RosterUnreadable(_("This is neither an XLSX nor a CSV file."))
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        roster = _rows([of_text(entry) for entry in row[:MOST_COLUMNS]] for row in reader)
    except csv.Error:
        raise RosterUnreadable(_("This is no CSV file that can be read.")) from None
    roster.encoding = encoding
    return roster


def decoded(content: bytes) -> tuple[str, str]:
    """The text and its encoding. GB18030 takes nearly any bytes, so it comes last."""
    unicode_text = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # as Excel calls UTF-16
    tries = ["utf-16"] if unicode_text else ["utf-8-sig", "gb18030"]
    for encoding in tries:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise RosterUnreadable(_("The file's characters cannot be read: save it as CSV in UTF-8, or as XLSX."))


def _delimiter(text: str) -> str:
    """The sign that gives the first row with a known column; a comma where none does."""
    lines = list(islice(StringIO(text), columns.LOOKED_AT))
    best, most = ",", 0
    for sign in _DELIMITERS:
        for line in lines:
            row = next(csv.reader([line], delimiter=sign), [])
            if (many := len(columns.find([of_text(entry[:200]).text for entry in row]))) > most:
                best, most = sign, many
    return best


# ---------------------------------------------------------------- both


def _rows(cells: Iterable[Cells], fill: Callable[[int, list[Value]], None] | None = None) -> Roster:
    found: dict[str, int] = {}
    header_line = 0
    header: list[str] = []
    rows: list[Row] = []
    for line, values in enumerate(islice(cells, MOST_LINES), 1):
        row = list(values)
        if fill is not None:
            fill(line, row)
        if not found:
            if line > columns.LOOKED_AT:
                break
            found = columns.find([value.text for value in row])
            header_line, header = line, [value.text for value in row]
            continue
        person = _person(line, row, found)
        if person is None or _says(row, found, header):
            continue
        if len(rows) >= MOST_ROWS:
            raise RosterUnreadable(_("The file has more than %(most)s rows: divide it.") % {"most": f"{MOST_ROWS:,}"})
        rows.append(person)
    if not found:
        raise RosterUnreadable(
            _(
                "No column is recognised. One of the first rows must name at least one of: 用户ID (user_id), 学号 "
                "(user_sn), 手机 (phone)."
            )
        )
    if not rows:
        raise RosterUnreadable(_("There is nobody below the header."))
    return Roster(rows, sorted(found, key=lambda column: found[column]), header_line)


def _says(row: Sequence[Value], found: dict[str, int], header: Sequence[str]) -> bool:
    """Is it the header again, as at the top of each printed page?"""
    return all(position < len(row) and row[position].text == header[position] for position in found.values())


def _person(line: int, row: Sequence[Value], found: dict[str, int]) -> Row | None:
    def at(column: str) -> Value:
        position = found.get(column, MOST_COLUMNS)
        return row[position] if position < len(row) else NOTHING

    person = Row(line, at(USER_ID), at(USER_SN), at(NAME), at(PHONE))
    if not (person.user_id.text or person.user_sn.text or person.name.text or person.phone.text):
        return None
    return person
