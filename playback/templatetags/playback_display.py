"""The admin's way to show values, for templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import template
from django.utils.translation import gettext

from playback import display
from playback.models import Operation
from playback.operations import registry

register = template.Library()
_FILTERS: dict[str, Callable[..., Any]] = {
    "status_badge": display.status_badge,
    "publish_badge": display.publish_badge,
    "gone_badge": display.gone_badge,
    "outcome_badge": display.outcome_badge,
    "expiry_told": display.expiry_told,
    "as_length": display.length,
    "as_size": display.size,
    "as_moment": display.moment,
    "as_beijing": display.beijing,
}
for name, function in _FILTERS.items():
    register.filter(name, function)


@register.filter
def operation_title(operation: Operation) -> str:
    """A kind that this release no longer has is shown by its name."""
    kind = registry.kinds().get(operation.kind)
    title = str(kind.title) if kind else operation.kind
    return gettext("Undo: %(operation)s") % {"operation": title} if operation.undoes_id else title
