"""The forms of the kinds of operation that need to know something before they can plan, a file each.

A form only collects; what the vendor takes (the name's length, a whole picture of a right size) is the kind's to say
(``OperationKind.clean``), so that the command line gets the same answers. A kind's sentence for a field that the form
names otherwise is shown where ``shown_at`` says. The page is ``playback/forms/<kind>.html`` where there is one, else
the plain ``playback/forms/form.html``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext

from playback.autoload import import_all
from playback.models import Recording
from playback.operations import registry
from playback.operations.base import Attachment, OperationInvalid, Planned
from playback.operations.plan import lay_out

_forms: dict[str, type[OperationForm]] = {}


class OperationForm(forms.Form):
    """What one kind needs to know. ``single`` is the recording, where the operation is about just one."""

    kind: ClassVar[str]
    shown_at: ClassVar[Mapping[str, str]] = {}  # the engine's field → the form's, where they differ
    previewed: ClassVar[str] = ""  # the field whose effect on the first few targets is shown while it is typed
    preview_title: ClassVar[Any] = ""

    def __init__(self, *args: Any, single: Recording | None = None, **kwargs: Any) -> None:
        self.single = single
        super().__init__(*args, **kwargs)

    def parameters(self) -> dict[str, Any]:
        """The engine's parameters, of valid data."""
        return dict(self.cleaned_data)

    def attachment(self) -> Attachment | None:
        return None

    def preview_parameters(self) -> dict[str, Any] | None:
        """Parameters of the form as filled in so far; None while there is nothing to show."""
        return None

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Put the kind's sentences beside their fields."""
        for name, sentence in errors.items():
            field = self.shown_at.get(name, name)
            self.add_error(field if field in self.fields else None, sentence)

    def extra_context(self) -> dict[str, Any]:
        """What the kind's own template shows beside the fields."""
        return {}


def form_for(kind: str) -> Callable[[type[OperationForm]], type[OperationForm]]:
    """Class decorator: this is the form of the kind."""

    def register(cls: type[OperationForm]) -> type[OperationForm]:
        cls.kind = kind
        _forms[kind] = cls
        return cls

    return register


def form_of(kind: str) -> type[OperationForm] | None:
    """None for a kind that needs to know nothing."""
    _load()
    return _forms.get(kind)


@cache
def _load() -> None:
    import_all(__name__)


def preview(form: OperationForm, queryset: QuerySet[Any], count: int) -> tuple[Sequence[tuple[str, str]], str]:
    """What the form, filled in so far, would do to the first few targets: (label, outcome) pairs, or a sentence."""
    parameters = form.preview_parameters()
    if parameters is None:
        return [], ""
    kind = registry.get(form.kind)
    try:
        parameters, _attachment = kind.clean(parameters, None)
    except OperationInvalid as invalid:
        return [], " ".join(invalid.errors.values())
    rows = []
    for line in lay_out(kind, queryset[:count], parameters):
        if isinstance(line.result, Planned):
            changes = kind.changes(line.result.change)
            rows.append((line.label, changes[0][2] if changes else ""))
        else:
            rows.append((line.label, gettext("(will be skipped)")))
    return rows, ""
