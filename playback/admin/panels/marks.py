"""Mark points of a version: shown, on to the editor, and out as a CSV.

No links into the preview: the vendor's player takes no time in its address (the reference's "The web player").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from playback.models import Recording
from playback.operations import mark_lists, mark_text, registry
from playback.operations.marks import Mark, format_offset
from playback.vendor.errors import VendorError

from ..mark_versions import Choice, choice_of, choices_of
from . import Panel, register, sentence, words


@register
class MarksPanel(Panel):
    name = "marks"
    title = _("Mark points")
    template = "playback/panels/marks.html"
    rank = 40

    def offered(self, recording: Recording) -> bool:
        return super().offered(recording) and recording.is_ready

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        choices = choices_of(recording)
        chosen = _chosen(recording, choices, request.GET.get("version", ""))
        kind = registry.get("set_marks")
        return {
            "choices": choices,
            "chosen": chosen,
            "marks": [(format_offset(mark.offset), mark.text) for mark in self._ask(recording, chosen)],
            "may_edit": request.user.has_perm(kind.permission) and kind.offered(recording),
            "edit_url": reverse("admin:playback_recording_operate", args=[recording.pk, kind.kind]),
        }

    def act(self, request: HttpRequest, recording: Recording) -> HttpResponse:
        """The list as a CSV."""
        chosen = _chosen(recording, choices_of(recording), request.POST.get("version", ""))
        try:
            marks = self._ask(recording, chosen)
        except VendorError as error:
            messages.error(request, f"{sentence(error)} {words(error)}".strip())
            return HttpResponseRedirect(reverse("admin:playback_recording_change", args=[recording.pk]))
        number = "" if chosen.version is None else f"-v{chosen.version}"
        answer = HttpResponse(mark_text.write(marks), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="marks-{recording.vendor_key}{number}.csv"'
        return answer

    def _ask(self, recording: Recording, chosen: Choice) -> list[Mark]:
        return mark_lists.ask(self.client(), recording.room_id, recording.session_id, chosen.version)


def _chosen(recording: Recording, choices: list[Choice], asked: str) -> Choice:
    """The version asked for, where there is one; else the main one."""
    for choice in choices:
        if str(choice.version) == asked:
            return choice
    return choice_of(recording, choices, recording.main_version)
