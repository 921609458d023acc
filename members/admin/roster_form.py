"""What somebody says who imports a roster: the file, and the list it is for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from ..lists import RECORDING, ROOM, ListOf
from ..roster.reading import MOST_BYTES
from . import asked


class UploadForm(forms.Form):
    """``which`` is there once the form is valid."""

    of = forms.ChoiceField(
        label=_("List of"),
        choices=[(ROOM, _("a room (all its recordings)")), (RECORDING, _("one recording"))],
        initial=ROOM,
        widget=UnfoldAdminRadioSelectWidget,
    )
    key = forms.CharField(
        label=_("Room or recording"),
        max_length=400,
        error_messages={"required": _("Name the room or the recording.")},
        help_text=_("Its id (room id, or room id-session id), its address, or words of its name."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    file = forms.FileField(
        label=_("File"),
        error_messages={"required": _("Choose the file."), "empty": _("The file is empty.")},
        # Not a bare input: the theme writes a chosen file's name into the next text field that it finds.
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".xlsx,.csv,.txt"}),
    )

    which: ListOf

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > MOST_BYTES:
            raise forms.ValidationError(gettext("The file has more than %(most)s MB.") % {"most": MOST_BYTES // 2**20})
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "of" in cleaned and "key" in cleaned:
            try:
                self.which = asked.one_list(cleaned["of"], cleaned["key"])
            except forms.ValidationError as error:
                self.add_error("key", error)
        return cleaned
