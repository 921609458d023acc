"""Watch records as files: CSV of any length, sent as it is read, or a workbook of a bounded number of rows.

A text that a spreadsheet would take for a formula gets an apostrophe before it in CSV, where nothing else says that it
is a text: viewers choose their names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from playback.models import WatchRecord

from . import spreadsheet
from .watch_display import device, may_see_addresses, number_of

MOST_XLSX = 20_000  # rows: a workbook is made in memory
_AT_ONCE = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    def write(self, line: str) -> str:
        return line


def header(request: HttpRequest) -> list[str]:
    names = [
        gettext("viewer"),
        gettext("viewer's number"),
        gettext("recording"),
        gettext("recording's id"),
        gettext("version"),
        gettext("began (Beijing)"),
        gettext("ended (Beijing)"),
        gettext("watched (s)"),
        gettext("device"),
        gettext("area"),
        gettext("extra data"),
        gettext("record id"),
    ]
    return [*names, gettext("IP address")] if may_see_addresses(request) else names


def rows(request: HttpRequest, records: Iterable[WatchRecord]) -> Iterator[list[Any]]:
    addresses = may_see_addresses(request)
    for record in records:
        row = [
            record.user_name,
            number_of(record),
            record.recording.name if record.recording else "",
            record.recording.vendor_key if record.recording else "",
            record.version_number,
            record.began_at,
            record.ended_at,
            record.play_length,
            "" if record.client_type is None else device(record.client_type),
            record.area,
            record.ext_data,
            record.guid,
        ]
        yield [*row, record.user_ip] if addresses else row


def as_csv(request: HttpRequest, records: QuerySet[WatchRecord]) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff"  # without it Excel takes the file for another encoding
        yield str(writer.writerow(header(request)))
        for row in rows(request, records.iterator(chunk_size=_AT_ONCE)):
            yield str(writer.writerow([_plain(value) for value in row]))

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="watch-records-{timezone.localdate()}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def as_xlsx(request: HttpRequest, records: QuerySet[WatchRecord]) -> HttpResponse | None:
    """None where there are more than a workbook takes."""
    found = list(records[: MOST_XLSX + 1])
    if len(found) > MOST_XLSX:
        return None
    name = f"watch-records-{timezone.localdate()}"
    return spreadsheet.response(name, gettext("Watch records"), header(request), rows(request, found))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value
