"""What somebody who makes play links says: for how long, and for whom. What may be said is :mod:`playback.play_links`'s
to decide; its sentences are shown beside the fields."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from playback.models import PlayLink
from playback.play_links import terms
from playback.play_links.terms import MOST_VIEWERS, Terms, TermsInvalid
from playback.player import Viewer

TIMED, FOR_EVER, ONE_TIME = "timed", "for_ever", "one_time"
LASTINGS = [(TIMED, _("For a time")), (FOR_EVER, _("For ever")), (ONE_TIME, _("For one opening, within 24 hours"))]
UNITS = [("hours", _("hours")), ("days", _("days"))]
_MOST = 10**6  # of either unit; what is too long is said in days by the terms


class TermsForm(forms.Form):
    """How long the links are good. ``terms`` is there once the form is valid."""

    lasting = forms.ChoiceField(
        label=_("Validity"),
        choices=LASTINGS,
        initial=TIMED,
        widget=UnfoldAdminRadioSelectWidget,
        error_messages={"required": _("Say how long the links are good.")},
    )
    amount = forms.IntegerField(
        label=_("For how long"), required=False, initial=7, widget=UnfoldAdminIntegerFieldWidget(attrs={"min": 1})
    )
    unit = forms.ChoiceField(
        label=_("Hours or days"),
        choices=UNITS,
        initial="days",
        required=False,
        widget=UnfoldAdminSelectWidget(attrs={"aria-label": _("Hours or days")}),
    )

    terms: Terms

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        lasting = cleaned.get("lasting")
        if lasting == TIMED and "amount" not in self.errors:
            amount = cleaned.get("amount")
            if amount is None:
                self.add_error("amount", _("Say for how long."))
                return cleaned
            try:
                self.terms = terms.for_a_time(timedelta(**{cleaned.get("unit") or "days": min(amount, _MOST)}))
            except TermsInvalid as invalid:
                self.add_error("amount", str(invalid))
        elif lasting == FOR_EVER:
            self.terms = Terms(PlayLink.Kind.TIMED)
        elif lasting == ONE_TIME:
            self.terms = Terms(PlayLink.Kind.ONE_TIME)
        return cleaned

    def carried(self) -> list[tuple[str, str]]:
        """What was typed, for the hidden fields of the next page."""
        return [(name, str(self.data[name])) for name in self.fields if name in self.data]


class OneRecordingForm(TermsForm):
    """Links of one recording: one a line of viewers."""

    viewers = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ["viewers", "lasting", "amount", "unit"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["viewers"].help_text = gettext(
            "One link a line, at most %(most)s: a name, a number of digits, or both. The vendor's watch records show "
            "them. Without any, one link for nobody in particular is made."
        ) % {"most": MOST_VIEWERS}

    def clean_viewers(self) -> list[Viewer]:
        try:
            return terms.viewers(self.cleaned_data["viewers"])
        except TermsInvalid as invalid:
            raise forms.ValidationError(str(invalid)) from None


class SelectionForm(TermsForm):
    """Links of a selection of recordings, all for one viewer (or a class). The vendor's batch call makes links for a
    time only."""

    name = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=200,
        help_text=_("A person or a class; the vendor's watch records show it. May be left empty."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    number = forms.CharField(
        label=_("Viewer's number"),
        required=False,
        max_length=40,
        help_text=_("Digits only. May be left empty."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    field_order = ["name", "number", "lasting", "amount", "unit"]

    viewer: Viewer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lasting = self.fields["lasting"]
        lasting.choices = [choice for choice in LASTINGS if choice[0] != ONE_TIME]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for field in ("name", "number"):
            try:
                found = terms.viewer(*[cleaned.get(name, "") if name == field else "" for name in ("name", "number")])
            except TermsInvalid as invalid:
                self.add_error(field, str(invalid))
                continue
            cleaned[field] = found
        if not self.errors:
            self.viewer = Viewer(cleaned["name"].name, cleaned["number"].number)
        return cleaned
