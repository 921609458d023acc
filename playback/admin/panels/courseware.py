"""Courseware on a recording's page (calls 13 and 34): the PDFs, and which page was shown when; page turns as XLSX.

The two are asked for by themselves: an account that may not have one still sees the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import Recording
from playback.vendor.errors import VendorError, VendorGone, VendorOutcomeUnknown, VendorRefused
from playback.vendor.results import Page

from .. import courseware, spreadsheet
from . import Panel, register, sentence, words


@register
class CoursewarePanel(Panel):
    name = "courseware"
    title = _("Courseware")
    template = "playback/panels/courseware.html"
    rank = 60

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        client = self.client()
        key = {"room_id": recording.room_id, "session_id": recording.session_id}
        pdfs, no_pdfs = _answer(lambda: client.recording_courseware(**key))
        shown, no_turns = _answer(lambda: client.page_turns(**key))
        if no_pdfs and no_turns:
            raise no_pdfs
        turns = shown.rows if shown else []
        return {
            "files": courseware.files(pdfs.rows, turns) if pdfs else [],
            "no_files": no_pdfs and Failure(sentence(no_pdfs), words(no_pdfs)),
            "documents": courseware.documents(turns),
            "turns": len(turns),
            "no_turns": no_turns and Failure(sentence(no_turns), words(no_turns)),
            "unreadable": sum(len(page.unreadable) for page in (pdfs, shown) if page),
        }

    def act(self, request: HttpRequest, recording: Recording) -> HttpResponse:
        """The page turns as a file. What fails is told on the recording's page: the browser left it."""
        try:
            page = self.client().page_turns(recording.room_id, recording.session_id)
        except VendorError as error:
            messages.error(request, f"{sentence(error)} {words(error)}".strip())
            return HttpResponseRedirect(reverse("admin:playback_recording_change", args=[recording.pk]))
        header = [
            gettext("Document"), gettext("Time from the start"), gettext("Seconds"), gettext("Page"),
            gettext("Pages"), gettext("Document id"),
        ]  # fmt: skip
        rows = (
            [
                courseware.name_of(turn),
                display.length(turn.time // 1000),
                turn.time / 1000,
                turn.page + 1,
                turn.doc.total_pages,
                turn.doc.id,
            ]
            for turn in courseware.in_order(page.rows)
        )
        return spreadsheet.response(f"page-turns-{recording.vendor_key}", gettext("Page turns"), header, rows)


class Failure(NamedTuple):
    """In place of one part."""

    sentence: str
    words: str


def _answer(ask: Callable[[], Page[Any]]) -> tuple[Page[Any] | None, VendorError | None]:
    """What the vendor says, or why it does not. Who is gone or cannot be reached need not be asked twice: that goes
    up."""
    try:
        return ask(), None
    except VendorGone:
        raise
    except (VendorRefused, VendorOutcomeUnknown) as error:
        return None, error
