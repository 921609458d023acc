"""The file to fill in: headings alone, and columns that a spreadsheet program takes for text, so that zeros stay."""

from __future__ import annotations

from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Font

HEADINGS = {"zh": ["用户ID", "学号", "姓名", "手机"], "en": ["user_id", "user_sn", "name", "phone"]}


def blank(language: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new book has one
    for number, heading in enumerate(HEADINGS.get(language, HEADINGS["en"]), 1):
        cell = sheet.cell(1, number, heading)
        cell.font = Font(bold=True)
        column = sheet.column_dimensions[cell.column_letter]
        column.width = 20
        column.number_format = "@"
    sheet.freeze_panes = "A2"
    content = BytesIO()
    book.save(content)
    return content.getvalue()
