"""Courseware as pages show it: the vendor's PDFs and page turns, made safe to look at.

Names and addresses are the vendor's, or the teacher's who uploaded the file: an address that is no web address gets no
link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from playback import display
from playback.models import VERSION_TYPES
from playback.vendor.results import CoursewareRow, PageTurn

UNFOLDED = 20  # rows; what is beyond them is folded


class File(NamedTuple):
    """A PDF. ``url`` is empty where it is no web address."""

    name: str
    version: str
    url: str
    session_id: int


class Turn(NamedTuple):
    """A page was shown: when (``h:mm:ss`` from the start), and which, counted from 1."""

    at: str
    page: int


@dataclass(slots=True)
class Document:
    """A document and when its pages were shown, in the order of time."""

    name: str
    total_pages: int | None
    url: str
    turns: list[Turn] = field(default_factory=list)

    @property
    def first(self) -> list[Turn]:
        return self.turns[:UNFOLDED]

    @property
    def folded(self) -> list[Turn]:
        return self.turns[UNFOLDED:]


def web_address(url: str) -> str:
    """The address, if a browser may follow it; else nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def files(rows: Iterable[CoursewareRow], turns: Iterable[PageTurn] = ()) -> list[File]:
    """PDFs have no name of their own: a document that was shown and has this PDF lends it its name, else the address
    does."""
    names = {turn.doc.ppt_url: turn.doc.name for turn in turns if turn.doc.ppt_url and turn.doc.name}
    return [
        File(names.get(row.ppt_url) or file_name(row.ppt_url), _version(row), web_address(row.ppt_url), row.session_id)
        for row in rows
    ]


def file_name(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return unquote(path.rstrip("/").rpartition("/")[2]) or _("(no name)")


def _version(row: CoursewareRow) -> str:
    if row.version is None:
        return display.EMPTY
    kind = dict(VERSION_TYPES).get(row.version_type) if row.version_type is not None else None
    return f"{row.version} · {kind}" if kind else str(row.version)


def in_order(turns: Iterable[PageTurn]) -> list[PageTurn]:
    return sorted(turns, key=lambda turn: turn.time)


def documents(turns: Sequence[PageTurn]) -> list[Document]:
    """Page turns by document; the documents in the order in which they were first shown."""
    found: dict[str, Document] = {}
    for turn in in_order(turns):
        doc = turn.doc
        key = doc.id or doc.name
        if key not in found:
            address = web_address(doc.ppt_url)
            found[key] = Document(name_of(turn), doc.total_pages, address)
        found[key].turns.append(Turn(display.length(turn.time // 1000), turn.page + 1))
    return list(found.values())


def name_of(turn: PageTurn) -> str:
    return turn.doc.name or turn.doc.id or _("(no name)")
