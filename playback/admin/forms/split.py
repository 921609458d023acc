"""Split by length."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from . import OperationForm, form_for


@form_for("split")
class SplitForm(OperationForm):
    shown_at = {"seconds": "length"}

    length = forms.CharField(
        label=_("Length of a part"),
        help_text=_(
            "Minutes and seconds, such as 45:00, or hours too, such as 1:30:00. The last part gets what is left."
        ),
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "45:00", "autocomplete": "off"}),
    )

    def parameters(self) -> dict[str, Any]:
        return {"seconds": self.cleaned_data["length"]}
