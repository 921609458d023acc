"""How long to keep: for days, until a time, or for ever. What is typed goes to the kind as it is, which judges it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from playback.operations.kinds.kept import MOST_DAYS

from . import OperationForm, form_for

MODES = [("days", _("For a number of days")), ("date", _("Until a date and time")), ("forever", _("For ever"))]


@form_for("set_expiry")
class SetExpiryForm(OperationForm):
    """The fields that the chosen mode does not need are hidden by the page, and ignored by the kind."""

    mode = forms.ChoiceField(
        label=_("Keep"),
        choices=MODES,
        required=False,
        initial="days",
        widget=UnfoldAdminRadioSelectWidget(attrs={"x-model": "mode"}),
    )
    days = forms.CharField(
        label=_("Days"),
        required=False,
        help_text=_("Counted from the day each recording was made, not from today."),
        widget=UnfoldAdminTextInputWidget(
            attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": len(str(MOST_DAYS)) + 1}
        ),
    )
    date = forms.CharField(
        label=_("Until (Beijing time)"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["date"].widget.attrs["min"] = timezone.localtime().strftime("%Y-%m-%dT%H:%M")

    def extra_context(self) -> dict[str, Any]:
        return {"mode": self["mode"].value() or "days"}
