"""How long something stays in the trash, and which version is meant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from playback import display
from playback.conf import MOST_TRASH_DAYS
from playback.models import WHOLE, Recording, Version
from playback.operations.kinds.trash_version import ORIGINAL

from . import OperationForm, form_for


def default_days() -> int:
    return int(settings.TRASH_DAYS)


class DaysField(forms.IntegerField):
    def __init__(self) -> None:
        super().__init__(
            label=_("Days in the trash"),
            min_value=1,
            max_value=MOST_TRASH_DAYS,
            initial=default_days,
            help_text=_("Then it is deleted at the vendor for ever. Until then it can be restored."),
            widget=UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "numeric"}),
        )


@form_for("trash")
class TrashForm(OperationForm):
    days = DaysField()


class VersionField(forms.TypedChoiceField):
    def __init__(self) -> None:
        super().__init__(label=_("Version"), coerce=int, widget=UnfoldAdminSelectWidget)


class _OneVersionForm(OperationForm):
    version = VersionField()

    def __init__(self, *args: Any, single: Recording | None = None, **kwargs: Any) -> None:
        super().__init__(*args, single=single, **kwargs)
        field = self.fields["version"]
        field.choices = [  # type: ignore[attr-defined]
            (version.version, label_of(version)) for version in (self.versions(single) if single is not None else [])
        ]

    def versions(self, recording: Recording) -> list[Version]:
        """Those that it is about: what may go is the cuts alone."""
        cuts = recording.versions.filter(gone_at=None, version__gt=ORIGINAL).order_by("version")
        return [cut for cut in cuts if cut.version != recording.main_version]


def label_of(version: Version) -> str:
    parts = [gettext("Version %(number)d") % {"number": version.version}, version.name, display.length(version.length)]
    return " · ".join(part for part in parts if part)


@form_for("trash_version")
class TrashVersionForm(_OneVersionForm):
    days = DaysField()

    def versions(self, recording: Recording) -> list[Version]:
        return [cut for cut in super().versions(recording) if cut.version not in recording.open_trash]


@form_for("delete_version")
class DeleteVersionForm(_OneVersionForm):
    pass


@form_for("restore_version")
class RestoreVersionForm(_OneVersionForm):
    def versions(self, recording: Recording) -> list[Version]:
        numbers = [number for number in recording.open_trash if number != WHOLE]
        return list(recording.versions.filter(version__in=numbers).order_by("version"))
