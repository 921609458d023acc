"""How values look: badges, lengths, sizes, times, covers.

One place, so that a list, a detail page and a report say the same thing about the same number. Times are shown in
Beijing time (the project's time zone); wherever a time stands alone, its zone stands beside it. A state is never
told by colour alone: every badge has its word, and an icon.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback.models import OperationItem, Recording, SyncRun, Version
from playback.models.operation import Operation
from playback.operations.kinds import kept
from playback.sync.expiry import Kept, can_expire
from playback.vendor.codes import PublishStatus, RecordingStatus

EMPTY = "–"
SOON = timedelta(days=30)  # an end that is nearer than this is coloured

_STATUS_LOOKS = {
    RecordingStatus.NOT_RECORDED.value: ("neutral", "radio_button_unchecked"),
    RecordingStatus.GENERATING.value: ("info", "hourglass_top"),
    RecordingStatus.TRANSCODING.value: ("info", "sync"),
    RecordingStatus.FAILED.value: ("danger", "error"),
    RecordingStatus.READY.value: ("success", "check_circle"),
}
_PUBLISH_LOOKS = {
    PublishStatus.PUBLISHED.value: ("success", "visibility"),
    PublishStatus.BLOCKED.value: ("warning", "visibility_off"),
}
_RUN_LOOKS = {
    SyncRun.State.RUNNING: ("info", "sync"),
    SyncRun.State.DONE: ("success", "check_circle"),
    SyncRun.State.NOTHING_NEW: ("success", "check_circle"),
    SyncRun.State.BUSY: ("neutral", "hourglass_empty"),
    SyncRun.State.FAILED: ("danger", "error"),
    SyncRun.State.INCOMPLETE: ("warning", "warning"),
    SyncRun.State.HELD: ("warning", "front_hand"),
}
# The model's own words explain; a badge has room for a word or two.
_RUN_WORDS = {
    SyncRun.State.BUSY: _("Busy"),
    SyncRun.State.INCOMPLETE: _("Incomplete"),
    SyncRun.State.HELD: _("Waiting for a person"),
}
_OPERATION_LOOKS = {
    Operation.State.PREPARING: ("info", "hourglass_top"),
    Operation.State.PLANNED: ("neutral", "edit_note"),
    Operation.State.QUEUED: ("info", "hourglass_top"),
    Operation.State.RUNNING: ("info", "sync"),
    Operation.State.PAUSED: ("warning", "pause_circle"),
    Operation.State.DONE: ("success", "check_circle"),
    Operation.State.CANCELLED: ("neutral", "cancel"),
}
OUTCOME_LOOKS = {
    OperationItem.Outcome.PLANNED: ("neutral", "schedule"),
    OperationItem.Outcome.RUNNING: ("info", "sync"),
    OperationItem.Outcome.WORKING: ("info", "cloud_sync"),
    OperationItem.Outcome.DONE: ("success", "check_circle"),
    OperationItem.Outcome.REFUSED: ("danger", "block"),
    OperationItem.Outcome.SKIPPED: ("neutral", "skip_next"),
    OperationItem.Outcome.CANCELLED: ("neutral", "cancel"),
    OperationItem.Outcome.UNKNOWN: ("warning", "help"),
}


def badge(text: object, tone: str = "neutral", icon: str = "", title: object = "") -> SafeString:
    """A small coloured label. ``tone`` is neutral, info, success, warning or danger."""
    return format_html(
        '<span class="bo-badge bo-{}"{}>{}{}</span>',
        tone,
        format_html(' title="{}"', title) if title else "",
        format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', icon) if icon else "",
        text,
    )


def status_badge(row: Recording | Version) -> SafeString:
    tone, icon = _STATUS_LOOKS.get(row.status, ("neutral", "help"))
    known = row.status in _STATUS_LOOKS
    return badge(row.get_status_display() if known else _unknown(row.status), tone, icon)


def publish_badge(row: Recording | Version) -> SafeString | str:
    if row.publish_status is None:
        return EMPTY
    tone, icon = _PUBLISH_LOOKS.get(row.publish_status, ("neutral", "help"))
    known = row.publish_status in _PUBLISH_LOOKS
    return badge(row.get_publish_status_display() if known else _unknown(row.publish_status), tone, icon)


def _unknown(number: int) -> str:
    return gettext("Unknown (%(number)d)") % {"number": number}


def run_badge(run: SyncRun) -> SafeString:
    state = SyncRun.State(run.state)
    tone, icon = _RUN_LOOKS[state]
    return badge(_RUN_WORDS.get(state, state.label), tone, icon, title=state.label)


def operation_badge(operation: Operation) -> SafeString:
    state = Operation.State(operation.state)
    tone, icon = _OPERATION_LOOKS[state]
    return badge(state.label, tone, icon)


def outcome_badge(outcome: str) -> SafeString:
    value = OperationItem.Outcome(outcome)
    tone, icon = OUTCOME_LOOKS[value]
    return badge(value.label, tone, icon)


def expiry_badge(row: Recording) -> SafeString | str:
    """For a list: when the vendor stops keeping it."""
    if row.expires_at is None:
        return gettext("for ever") if row.valid_days == 0 else EMPTY
    if row.expires_at <= timezone.now():
        return badge(gettext("Expired"), "danger", "event_busy", title=beijing(row.expires_at))
    if row.expires_at > timezone.now() + SOON:
        return moment(row.expires_at)
    day = timezone.localtime(row.expires_at).strftime("%Y-%m-%d")
    return badge(day, _urgency(row.expires_at), "event", title=beijing(row.expires_at))


def expiry_told(row: Recording) -> str:
    """In words, without its age."""
    if not can_expire(row.video_id, row.created_at):
        return gettext("no expiry at the vendor")
    if row.expiry_read_at is None:
        return gettext("not asked yet")
    if row.valid_days is None and row.expires_at is None:
        return gettext("the vendor does not say")
    return kept.told(kept.as_json(Kept(row.valid_days, row.expires_at)))


def expiry(row: Recording) -> SafeString | str:
    """For the recording's page: what the vendor said, and when."""
    told: SafeString | str = expiry_told(row)
    if row.expiry_read_at is None:
        return told
    if row.expires_at is not None and row.expires_at <= timezone.now() + SOON:
        told = badge(told, _urgency(row.expires_at), "event_busy")
    read = gettext("asked on %(time)s") % {"time": beijing(row.expiry_read_at)}
    return lines([told, format_html('<span class="bo-muted">{}</span>', read)])


def _urgency(expires_at: datetime) -> str:
    return "danger" if expires_at - timezone.now() <= timedelta(days=7) else "warning"


def length(seconds: int | None) -> str:
    """Seconds as ``h:mm:ss``; hours always stand there, so that 10:20 is never taken for hours.

    The vendor sends 0 for what is not transcoded yet: that is no length, and neither is it a size.
    """
    if not seconds:
        return EMPTY
    minutes, second = divmod(max(seconds, 0), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"


def size(number: int | None) -> str:
    """Bytes as ``1.2 GB``."""
    return filesizeformat(number) if number else EMPTY


def number(value: int | None) -> str:
    return EMPTY if value is None else f"{value:,}"


def moment(value: datetime | None) -> SafeString | str:
    """A time of a list: short; the column or its heading names the zone, the tooltip has all of it."""
    if value is None:
        return EMPTY
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}"><span class="bo-nowrap">{}</span> <span class="bo-nowrap">{}</span></time>',
        value.isoformat(),
        beijing(value),
        local.strftime("%Y-%m-%d"),
        local.strftime("%H:%M"),
    )


def beijing(value: datetime | None) -> str:
    """A time that stands alone: to the second, with its zone."""
    if value is None:
        return EMPTY
    return gettext("%(time)s Beijing time") % {"time": timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")}


def duration(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return EMPTY
    span: timedelta = end - start
    seconds = span.total_seconds()
    return gettext("%(seconds).1f s") % {"seconds": seconds} if seconds < 60 else length(round(seconds))


def person(user: Any) -> str:
    """A person's full name in its own order (a Chinese family name comes first), with the user name beside it."""
    full = full_name(user)
    return f"{full} ({user.get_username()})" if full else str(user.get_username())


def full_name(user: Any) -> str:
    first, last = user.first_name.strip(), user.last_name.strip()
    return f"{last}{first}" if last and not f"{last}{first}".isascii() else f"{first} {last}".strip()


def cover(row: Recording | Version, wide: bool = False) -> SafeString:
    """The cover, loaded when it comes into view; the browser doesn't tell the image host which page shows it."""
    css = "bo-cover bo-cover-wide" if wide else "bo-cover"
    if not row.cover_url.startswith(("http://", "https://")):
        return format_html(
            '<span class="{} bo-cover-none" role="img" aria-label="{}">'
            '<span class="material-symbols-outlined" aria-hidden="true">movie</span></span>',
            css,
            gettext("No cover"),
        )
    return format_html(
        '<img class="{}" src="{}" alt="{}" loading="lazy" decoding="async" referrerpolicy="no-referrer">',
        css,
        row.cover_url,
        gettext("Cover of %(name)s") % {"name": row.name or gettext("a recording without a name")},
    )


def link(url: str, text: object) -> SafeString:
    return format_html('<a class="bo-link" href="{}">{}</a>', url, text)


def muted(text: object) -> SafeString:
    return format_html('<span class="bo-muted">{}</span>', text)


def lines(parts: Iterable[Any]) -> SafeString:
    """One below the other, as one thing: on a phone the cells of a list set their contents side by side."""
    each = format_html_join("", '<span class="bo-line">{}</span>', ((part,) for part in parts))
    return format_html('<span class="bo-lines">{}</span>', each)


def gone_badge(gone_at: datetime) -> SafeString:
    return badge(gettext("Gone at the vendor"), "danger", "link_off", title=beijing(gone_at))
