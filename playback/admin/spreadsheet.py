"""XLSX files for people: plain rows of text, numbers and times, written as they go.

A text stays a text whatever it begins with: a name like ``=HYPERLINK(…)`` is somebody else's, and must not run in the
reader's program. Times are written as Beijing time, which a header says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LARGEST_EXACT = 10**15  # a spreadsheet keeps 15 digits: longer ids go as text


class Sheet(NamedTuple):
    """One page of a file: its title, the headings, the rows."""

    title: str
    header: Sequence[Any]
    rows: Iterable[Sequence[Any]]


def response(filename: str, title: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A file to download. ``filename`` without its ending, in ASCII."""
    return download(filename, workbook(title, header, rows))


def download(filename: str, content: bytes) -> HttpResponse:
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{filename}.xlsx"'
    answer["Cache-Control"] = "no-store"
    return answer


def workbook(title: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    return sheets([Sheet(title, header, rows)])


def sheets(pages: Iterable[Sheet]) -> bytes:
    """A file of several sheets."""
    book = Workbook(write_only=True)
    for page in pages:
        _write(book, page)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _write(book: Workbook, page: Sheet) -> None:
    sheet: Any = book.create_sheet("".join(c for c in page.title if c not in "[]:*?/\\")[:31] or "Sheet")
    sheet.freeze_panes = "A2"
    for number in range(len(page.header)):
        sheet.column_dimensions[chr(ord("A") + number)].width = 40 if number == 0 else 24
    bold = Font(bold=True)
    first = []
    for name in page.header:
        cell = _cell(sheet, str(name))
        cell.font = bold
        first.append(cell)
    sheet.append(first)
    for row in page.rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any) -> Cell:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, timezone.localtime(value).replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
        return cell
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST_EXACT:
        return WriteOnlyCell(sheet, value)
    text = "" if value is None else str(value)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000])
    cell.data_type = "s"  # also where it begins with "="
    return cell
