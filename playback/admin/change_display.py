"""How a change looks: its kind, its fields in words, whose doing it was; in the list, and on its row's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext

from playback import display
from playback.models import Change, OperationItem, Recording, Room, Version
from playback.operations import belief
from playback.templatetags.playback_display import operation_title

from . import column_words
from .operation import kind_of, person_of, report_url

SHOWN = 10  # on a row's page
_MODELS: dict[str, type[Model]] = {
    Change.Subject.ROOM: Room,
    Change.Subject.RECORDING: Recording,
    Change.Subject.VERSION: Version,
}
_LOOKS = {
    Change.Kind.VENDOR: ("info", "cloud_sync"),
    Change.Kind.STRAYED: ("warning", "healing"),
    Change.Kind.BOTH: ("warning", "healing"),
    Change.Kind.GONE: ("danger", "link_off"),
    Change.Kind.BACK: ("success", "settings_backup_restore"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a row's page."""

    noticed: Any
    url: str
    badge: Any
    what: Any  # a version's entry on its recording's page; else empty
    fields: Any
    cause: Any


def kind_badge(change: Change) -> Any:
    kind = Change.Kind(change.kind)
    words = gettext("Strayed and changed") if kind == Change.Kind.BOTH else kind.label  # a badge has room for few words
    return display.badge(words, *_LOOKS[kind], title=kind.label)


def fields(change: Change) -> Any:
    """Each field from … to …; empty where it only went or came back."""
    return format_html_join(
        "",
        '<span class="bo-change"><span class="bo-muted">{}</span> <del>{}</del> <span aria-hidden="true">→</span>'
        '<span class="bo-visually-hidden">{}</span> <ins>{}</ins></span>',
        ((label, old, gettext("becomes"), new) for label, old, new in words(change)),
    )


def words(change: Change, *, whole: bool = False) -> list[tuple[str, str, str]]:
    """Label, from and to, in the reader's language. ``whole``: addresses too, where a page has room for them."""
    model = _MODELS[change.subject]
    return [
        (capfirst(column_words.label(model, name)), *column_words.before_and_after(model, name, old, new, whole=whole))
        for name, (old, new) in change.fields.items()
    ]


def about(change: Change) -> Any:
    """The row it is about, as a link where it is still there."""
    for subject, row in (("version", change.version), ("recording", change.recording), ("room", change.room)):
        if subject == change.subject and row is not None:
            return display.link(reverse(f"admin:playback_{subject}_change", args=[row.pk]), change.label)
    return change.label


def cause(change: Change, *, in_detail: bool) -> Any:
    """Whose doing: an operation's, or nobody's here. ``in_detail``: who may view operations sees which, and by whom."""
    if not change.own:
        return display.EMPTY
    operation = change.operation
    if operation is None or not in_detail:
        return gettext("An operation here")
    title = format_html(
        '<span class="bo-nowrap">{}</span>', display.link(report_url(operation), operation_title(operation))
    )
    return display.lines([title, display.muted(person_of(operation))])


def section(request: HttpRequest, changes: QuerySet[Change], narrowed: str) -> dict[str, Any]:
    """A row's page: its last changes, and where all of them are. ``narrowed`` is the list's query."""
    if not request.user.has_perm("playback.view_change"):
        return {"may_see_history": False}
    in_detail = request.user.has_perm("playback.view_operation")
    rows = changes.select_related("operation__user", "version").defer("operation__attachment")
    return {
        "may_see_history": True,
        "history": [_line(change, in_detail) for change in rows.order_by("-seen_at", "-pk")[:SHOWN]],
        "history_url": f"{reverse('admin:playback_change_changelist')}?{narrowed}",
    }


def not_shown(items: QuerySet[OperationItem]) -> list[tuple[str, str, str]]:
    """Operations on a recording that the vendor does not show: title, sentence, address."""
    return [
        (operation_title(item.operation), belief.told(item, kind_of(item.operation)), report_url(item.operation))
        for item in items.filter(missing__isnull=False)[:SHOWN]
    ]


def _line(change: Change, in_detail: bool) -> Shown:
    version = change.version if change.subject == Change.Subject.VERSION else None
    return Shown(
        display.moment(change.seen_at),
        reverse("admin:playback_change_change", args=[change.pk]),
        kind_badge(change),
        "" if version is None else gettext("version %(number)d") % {"number": version.version},
        fields(change),
        cause(change, in_detail=in_detail),
    )
