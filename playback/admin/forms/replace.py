"""Replace a recording's video, or add another recording's: where it comes from, and where it goes."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from playback import display
from playback.models import Recording

from .. import search
from ..panels import sources
from . import OperationForm, form_for

_PICKED = re.compile(r"(\d{1,19}(?:-\d{1,19})?):(\d{0,9})")
_MAIN_HELP = _("Players get the main version by default.")


class SourceForm(OperationForm):
    """``source`` is what was typed or pasted; ``picked`` the version chosen from the list below it. Without a choice,
    what was typed has to name one recording alone; its main version is taken then."""

    shown_at = {"source_version": "source"}
    preview_title = _("Gets the video")
    source = forms.CharField(
        label=_("Take the video of"),
        max_length=400,
        error_messages={"required": _("Name the recording to take the video from.")},
        help_text=_("Words of its name or room, its id (room id, or room id-session id), or the player's address."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    picked = forms.CharField(required=False, max_length=60)
    key = ""
    version = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.single is not None:
            self.fields["source"].widget.attrs |= {
                "hx-get": reverse("admin:playback_recording_panel", args=[self.single.pk, "sources"]),
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#sources",
                "hx-sync": "this:replace",
            }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if found := _PICKED.fullmatch(cleaned.get("picked", "")):
            self.key, self.version = found[1], found[2]
        elif "source" in cleaned:
            self.key = self._only_one(cleaned["source"])
        return cleaned

    def _only_one(self, text: str) -> str:
        """The key of the one recording that was typed, or ""; what is wrong with it, the kind says."""
        found = list(sources.matching(text)[:2]) or list(
            Recording.objects.filter(search.recordings(text))[:2] if search.parse(text) else []
        )
        if len(found) == 1:
            return found[0].vendor_key
        if found:
            self.add_error("source", gettext("Several recordings match: choose one from the list."))
        else:
            self.add_error("source", gettext("No recording that can be taken matches this."))
        return ""

    def parameters(self) -> dict[str, Any]:
        rest = {name: value for name, value in self.cleaned_data.items() if name != "picked"}
        return {**rest, "source": self.key, "source_version": self.version}

    def extra_context(self) -> dict[str, Any]:
        return sources.listed(str(self.data.get("source", ""))[:400], str(self.data.get("picked", "")))


def target_version() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Replace"), required=False, widget=UnfoldAdminSelectWidget)


def main_switch() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("Make it the main version"), required=False, help_text=_MAIN_HELP, widget=UnfoldBooleanSwitchWidget
    )


def versions_of(recording: Recording | None) -> list[tuple[str, str]]:
    """The live versions to choose from, the main one first."""
    if recording is None:
        return []
    choices = []
    for version in recording.versions.filter(gone_at=None).order_by("version"):
        parts = [gettext("version %(number)s") % {"number": version.version}]
        main = version.version == recording.main_version
        if main:
            parts.append(gettext("main version"))
        parts += [display.length(version.length), str(version.get_status_display())]
        choices.append((not main, str(version.version), " · ".join(parts)))
    return [(value, words) for _other, value, words in sorted(choices, key=lambda choice: choice[0])]


@form_for("replace")
class ReplaceForm(SourceForm):
    target_version = target_version()
    main = main_switch()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_targets(self)


@form_for("replace_by_video")
class ReplaceByVideoForm(OperationForm):
    preview_title = _("Gets the video")
    video_id = forms.CharField(
        label=_("VOD video id"),
        required=False,
        max_length=20,
        help_text=_("From the vendor's VOD service. Whether there is such a video, the vendor says when it is done."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    target_version = target_version()
    main = main_switch()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_targets(self)


def offer_targets(form: OperationForm) -> None:
    """With one version there is nothing to choose, and it is main already."""
    choices = versions_of(form.single)
    field: Any = form.fields["target_version"]
    field.choices = choices or [("", _("the main version"))]
    if len(choices) < 2:
        del form.fields["main"]


@form_for("add_version")
class AddVersionForm(SourceForm):
    """A new session is offered in a long-term room only."""

    added = forms.ChoiceField(
        label=_("Add it as"),
        choices=[("version", _("a new version of this recording")), ("session", _("a new session of the room"))],
        initial="version",
        widget=UnfoldAdminRadioSelectWidget,
    )
    session_id = forms.CharField(
        label=_("Id of the new session"),
        required=False,
        max_length=20,
        help_text=_("The day in 8 digits and one more digit, like 202403011. Only for a new session."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    main = main_switch()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.single is not None and not self.single.room.is_long_term:
            del self.fields["added"]
            del self.fields["session_id"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wanted = cleaned.get("added") == "session"
        if wanted and not cleaned.get("session_id"):
            self.add_error("session_id", gettext("Give the id of the new session."))
        if not wanted and cleaned.get("session_id"):
            self.add_error("session_id", gettext("This is for a new session only: choose that above, or empty it."))
        return cleaned

    def parameters(self) -> dict[str, Any]:
        return {name: value for name, value in super().parameters().items() if name != "added"}
