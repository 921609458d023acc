"""Remove chat: of a person, of a time, or of a pasted list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from playback.models import Version
from playback.operations.chat.written import CLOCK, OFFSET

from . import OperationForm, form_for

PERSON, TIME, LIST = "person", "time", "list"
HOWS = [(PERSON, _("Of one person")), (TIME, _("Of a time, whoever spoke")), (LIST, _("By a list"))]
TIMES = [(CLOCK, _("times of day in Beijing")), (OFFSET, _("counted from the start of the recording"))]


def _text(**attrs: str) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attrs})


@form_for("remove_chat")
class RemoveChatForm(OperationForm):
    """What belongs to another way of saying it is kept in the form, and not sent."""

    shown_at = {"spans": "lines"}

    how = forms.ChoiceField(
        label=_("Which chat"),
        choices=HOWS,
        initial=PERSON,
        widget=UnfoldAdminRadioSelectWidget(attrs={"x-model": "how"}),
    )
    user_number = forms.CharField(
        label=_("The person's number"),
        required=False,
        help_text=_("The number that the class was joined with: digits."),
        widget=_text(inputmode="numeric"),
    )
    lines = forms.CharField(
        label=_("List"),
        required=False,
        help_text=_(
            "A line for each: the person's number, from, to. What is left out means anybody, from the start, to the "
            "end."
        ),
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 8, "placeholder": "1234567, 10:02:00, 10:05:00\n7654321\n, 10:40:00, 10:41:30"}
        ),
    )
    times = forms.ChoiceField(
        label=_("Times are"),
        choices=TIMES,
        initial=CLOCK,
        widget=UnfoldAdminRadioSelectWidget(attrs={"x-model": "times"}),
    )
    start = forms.CharField(label=_("From"), required=False, widget=_text(placeholder="10:02:00"))
    end = forms.CharField(
        label=_("To"),
        required=False,
        help_text=_("Left empty: from the start of the class, or to its end."),
        widget=_text(placeholder="10:05:00"),
    )
    began = forms.CharField(
        label=_("Start of the recording"),
        required=False,
        help_text=_("Day and time in Beijing. Left empty: when class began, as the vendor says."),
        widget=_text(placeholder="2026-03-02 10:00:00"),
    )
    version = forms.ChoiceField(label=_("Version"), required=False, widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = self._versions()  # type: ignore[attr-defined]

    def _versions(self) -> list[tuple[str, str]]:
        choices = [("", gettext("The main version"))]
        if self.single is None:
            return choices
        for version in Version.objects.filter(recording=self.single, gone_at=None).order_by("version"):
            if version.version != self.single.main_version:
                name = f"{version.version} · {version.name}" if version.name else str(version.version)
                choices.append((str(version.version), name))
        return choices

    def clean(self) -> dict[str, Any]:
        """A person without a number would be everybody."""
        cleaned = super().clean() or {}
        if cleaned.get("how") == PERSON and not cleaned.get("user_number"):
            self.add_error("user_number", gettext("Say whose chat is removed."))
        if cleaned.get("how") == TIME and not cleaned.get("start") and not cleaned.get("end"):
            self.add_error("start", gettext("Say from when, or until when."))
        return cleaned

    def parameters(self) -> dict[str, Any]:
        data = self.cleaned_data
        asked = {"times": data["times"], "version": data["version"], "began": data["began"]}
        if data["how"] == LIST:
            return {**asked, "lines": data["lines"]}
        asked |= {"start": data["start"], "end": data["end"]}
        return {**asked, "user_number": data["user_number"]} if data["how"] == PERSON else asked

    def extra_context(self) -> dict[str, Any]:
        """Which parts are shown at first; of what was posted, only what is a choice."""
        return {
            "how": self._chosen("how", HOWS, PERSON),
            "times": self._chosen("times", TIMES, CLOCK),
        }

    def _chosen(self, name: str, choices: list[tuple[str, Any]], default: str) -> str:
        value = self[name].value()
        return value if value in dict(choices) else default
