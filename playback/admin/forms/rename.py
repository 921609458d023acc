"""Rename and change covers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminImageFieldWidget, UnfoldAdminTextInputWidget

from playback.operations.base import Attachment

from . import OperationForm, form_for


@form_for("rename")
class RenameForm(OperationForm):
    """A new name or pattern, a new cover, or both."""

    shown_at = {"pattern": "name"}
    previewed = "name"
    preview_title = _("New names")

    name = forms.CharField(
        label=_("New name"),
        required=False,
        max_length=255,
        help_text=_(
            "May contain {name} (the present name), {room} (the room's title), {date} (the day it was made) and {n} "
            "(a number from 1, oldest first)."
        ),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    cover = forms.FileField(
        label=_("New cover"),
        required=False,
        help_text=_("A JPEG or PNG picture of at most 2 MB. Leave empty to keep the covers."),
        widget=UnfoldAdminImageFieldWidget(attrs={"accept": "image/jpeg,image/png"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("name") and not cleaned.get("cover"):
            raise forms.ValidationError(_("Give a new name, a new cover, or both."))
        return cleaned

    def parameters(self) -> dict[str, Any]:
        return name_or_pattern(self.cleaned_data.get("name", ""))

    def preview_parameters(self) -> dict[str, Any] | None:
        name = str(self.data.get("name", "")).strip()
        return name_or_pattern(name) if name else None

    def attachment(self) -> Attachment | None:
        cover = self.cleaned_data.get("cover")
        if not cover:
            return None
        return Attachment(cover.name, cover.read(), cover.content_type or "")


def name_or_pattern(text: str) -> dict[str, str]:
    """One field for both: braces make it a pattern."""
    if not text:
        return {}
    return {"pattern": text} if "{" in text or "}" in text else {"name": text}
