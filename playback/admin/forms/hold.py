"""Why recordings are put on legal hold."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from playback.operations.kinds.hold import LONGEST_REASON

from . import OperationForm, form_for


@form_for("hold")
class HoldForm(OperationForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_(
            "Shown to everybody beside the recording. While it is on hold nobody deletes it, and the vendor keeps it "
            "for ever."
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
