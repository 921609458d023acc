"""Set the main version: the versions side by side, one to be chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .. import version_table
from . import OperationForm, form_for


@form_for("set_main")
class SetMainForm(OperationForm):
    version = forms.CharField(
        label=_("New main version"), required=False, error_messages={"required": _("Choose a version.")}
    )

    def extra_context(self) -> dict[str, Any]:
        lines = version_table.of_mirror(self.single) if self.single else []
        return {"versions": lines, "chosen": str(self["version"].value() or "")}
