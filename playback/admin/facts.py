"""Detail pages are groups of facts; this is what a fact is, and the group that every mirrored row has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from playback import display


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a detail page. ``copy`` is what the copy button puts on the clipboard, if there is one."""

    label: Any
    value: Any
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: Any
    facts: Sequence[Fact]


def id_fact(label: Any, value: int | None) -> Fact:
    """A vendor's id: shown without separators, easily copied."""
    return Fact(label, str(value), copy=str(value)) if value else Fact(label, display.EMPTY)


def mirror_group(row: Any) -> Group:
    """When the vendor's words about this row were read; ``last_seen_at`` is set by the admin of its model."""
    facts = [
        Fact(_("last seen"), display.beijing(row.last_seen_at)),
        Fact(_("facts last stored"), display.beijing(row.synced_at)),
        Fact(_("first seen"), display.beijing(row.first_seen_at)),
    ]
    if row.gone_at:
        facts.insert(0, Fact(_("gone since"), format_html("<strong>{}</strong>", display.beijing(row.gone_at))))
    return Group(_("Mirror"), facts)
