"""Why an item was skipped, refused or is unknown: stored without a language, told in the reader's.

A reason is a small JSON object: ``{"code": ours, "args": {…}, "vendor": {"code": int | None, "message": str}}``. The
sentence of ``code`` is translated when it is read; the vendor's own words are kept as they came and shown beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

Reason = dict[str, Any]
_VALUE = re.compile(r"%\(\w+\)[sd]")

# A sentence takes the reason's ``args`` by name.
SENTENCES: dict[str, Any] = {
    # while planning
    "gone": _("The vendor no longer has this recording."),
    "already_published": _("It is already published."),
    "already_blocked": _("It is already blocked."),
    "not_recorded": _("Nothing was recorded yet."),
    "generating": _("It is still being generated."),
    "transcoding": _("It is still transcoding."),
    "transcoding_failed": _("Its transcoding failed."),
    "same_name": _("It already has this name."),
    "name_empty": _("The pattern gives it an empty name."),
    "name_too_long": _("The new name would be longer than %(limit)s characters."),
    # while running
    "could_not_read": _("The vendor could not be asked what the plan needs to know."),
    "changed_since": _("It was changed again since: nothing is put back."),
    "state_before_unknown": _("Its former state is not known."),
    "in_trash": _("It is in the trash."),
    "on_hold": _("It is on legal hold."),
    "no_such_version": _("It has no version %(version)s."),
    "version_not_ready": _("Its version %(version)s is not ready."),
    "length_unknown": _("Its length is not known yet."),
    "not_permitted": _("The person who asked for this may no longer do it. Nothing was changed."),
    "refused": _("The vendor refused. Nothing was changed."),
    "misconfigured": _("The vendor does not accept this account's settings or rights. Nothing was changed."),
    "waiting_unreachable": _("The vendor could not be reached. Nothing was changed; it will be tried again."),
    "unreachable": _("The vendor could not be reached, nothing was changed."),
    "rate_limited": _("The vendor had too many calls of this account for too long, nothing was changed."),
    "not_sent": _("The request could not be made. Nothing was changed."),
    "answer_lost": _("The request was sent, but its answer was lost. The vendor is being asked what became of it."),
    "worker_lost": _("The work was interrupted. The vendor is being asked what became of it."),
    "settled_done": _("The answer was lost; the vendor shows that it was done."),
    "settled_gone": _("The answer was lost; the vendor no longer has the recording."),
    "vendor_works": _("The vendor took it and is at work on it."),
    "vendor_works_long": _("The vendor took it, but did not finish it in hours: look at the recording there."),
    "vendor_failed": _("The vendor took it and then failed at it."),
    "settled_read": _("It was read at a later try."),
    "no_change": _("The answer was lost; the vendor shows no change. It was not sent again."),
    "no_change_after_tries": _("The answer was lost several times; the vendor shows no change."),
    "never_settled": _("Nobody could find out what became of it: look at the recording at the vendor."),
    # beside an outcome that stands
    "not_refreshed": _("The copy here could not be refreshed yet."),
    "now_gone": _("The vendor no longer has this recording; it is marked as gone here."),
    "same_names": _("Several recordings get the same name (%(count)s of them)."),
}


def add(sentences: Mapping[str, Any]) -> None:
    """The sentences of a kind of operation. Raises ``ValueError`` for a code that means something else already."""
    for code, sentence in sentences.items():
        if SENTENCES.setdefault(code, sentence) is not sentence:
            raise ValueError(f"the reason {code!r} has two sentences")


def reason(code: str, *, vendor: Mapping[str, Any] | None = None, **args: Any) -> Reason:
    """A reason to store. Raises ``KeyError`` for a code that has no sentence."""
    SENTENCES[code]
    made: Reason = {"code": code}
    if args:
        made["args"] = args
    if vendor is not None:
        made["vendor"] = dict(vendor)
    return made


def from_vendor(code: str, error: Any) -> Reason:
    """A reason with the vendor's own words, out of a ``VendorError``."""
    words = {"code": getattr(error, "code", None), "message": getattr(error, "vendor_message", "")}
    return reason(code, vendor=words if words["code"] is not None or words["message"] else None)


def text(stored: Mapping[str, Any] | None) -> str:
    """The sentence in the language that is active now. Empty for no reason; a code of a later release is shown bare."""
    if not stored or not stored.get("code"):
        return ""
    from . import registry  # here: its kinds bring sentences of their own, and import this module

    registry.load()
    sentence = SENTENCES.get(stored["code"])
    if sentence is None:
        return str(stored["code"])
    if not stored.get("args"):  # a summary is about many, each with values of its own
        return _VALUE.sub("…", str(sentence))
    return str(sentence) % stored["args"]


def vendor_words(stored: Mapping[str, Any] | None) -> str:
    """What the vendor said, verbatim, with its number: ``1001: 参数错误``. Empty where it said nothing."""
    words = (stored or {}).get("vendor") or {}
    message, code = words.get("message") or "", words.get("code")
    if code is None:
        return str(message)
    return f"{code}: {message}" if message else str(code)
