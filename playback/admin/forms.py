"""The forms of the kinds of operation that need to know something before they can plan.

A form only collects; what the vendor takes (the name's length, a whole picture of a right size) is the kind's to say
(``OperationKind.clean``), so that the command line gets the same answers.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminImageFieldWidget, UnfoldAdminTextInputWidget

from playback.operations import registry
from playback.operations.base import Attachment, OperationInvalid, Planned
from playback.operations.plan import lay_out


class RenameForm(forms.Form):
    """A new name or pattern, a new cover, or both."""

    kind = "rename"
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


FORMS: dict[str, type[RenameForm]] = {"rename": RenameForm}


def preview(form: RenameForm, queryset: QuerySet[Any], count: int) -> tuple[list[tuple[str, str]], str]:
    """What the form, filled in so far, would do to the first few targets: (label, outcome) pairs, or a sentence."""
    name = str(form.data.get("name", "")).strip()
    if not name:
        return [], ""
    kind = registry.get(form.kind)
    try:
        parameters, _attachment = kind.clean(name_or_pattern(name), None)
    except OperationInvalid as invalid:
        return [], " ".join(invalid.errors.values())
    rows = []
    for line in lay_out(kind, queryset[:count], parameters):
        if isinstance(line.result, Planned):
            changes = kind.changes(line.result.change)
            rows.append((line.facts.label, changes[0][2] if changes else ""))
        else:
            rows.append((line.facts.label, gettext("(will be skipped)")))
    return rows, ""
