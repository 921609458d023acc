"""Render plain videos, generate recorded ones, render a merge."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from . import OperationForm, form_for
from .replace import versions_of


@form_for("render_video")
class RenderVideoForm(OperationForm):
    """A version can be chosen for a single recording; of a selection each one's main version is rendered."""

    version = forms.ChoiceField(label=_("Version"), required=False, widget=UnfoldAdminSelectWidget)
    record_template = forms.CharField(
        label=_("Template"),
        required=False,
        max_length=100,
        help_text=_("The vendor's name of a layout. Empty: the account's own."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    again = forms.BooleanField(
        label=_("Also where there is one already"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = versions_of(self.single)
        if len(choices) < 2:
            del self.fields["version"]
        else:
            field: Any = self.fields["version"]
            field.choices = choices


@form_for("generate_video")
class GenerateVideoForm(OperationForm):
    again = forms.BooleanField(
        label=_("Also where there is one already"), required=False, widget=UnfoldBooleanSwitchWidget
    )


@form_for("render_merged")
class RenderMergedForm(OperationForm):
    mixed_playback_id = forms.CharField(
        label=_("Merge id"),
        required=False,
        max_length=20,
        help_text=_("Merges are put together in the vendor's console; their id stands there."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        help_text=_("What it is, for those who look for it later."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
