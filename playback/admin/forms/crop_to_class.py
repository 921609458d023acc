"""Crop a selection to class times: what is known of when the recordings began."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from playback.operations.kinds.class_times import LATE

from . import OperationForm, form_for


@form_for("crop_to_class")
class CropToClassForm(OperationForm):
    begins_at = forms.CharField(
        label=_("In the recording, class begins at"),
        required=False,
        help_text=_(
            "The vendor tells when class ran by the clock, and not when a recording began. If all of these begin with "
            "class, write 00:00:00. If this stays empty, a part is as wide as class may lie in the recording: nothing "
            "of class is cut off."
        ),
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "00:00:00", "autocomplete": "off"}),
    )
    late = forms.CharField(
        label=_("Recordings are made at most so many minutes after they end"),
        required=False,
        initial=LATE // 60,
        help_text=_(
            "Together with the time when the vendor made a recording, this bounds when it began. More is safer, and "
            "cuts off less."
        ),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def parameters(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}
