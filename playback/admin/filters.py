"""The filters of the lists. None of them asks the database for its choices; a room is found by typing."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.admin import FieldListFilter
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
)
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.utils import parse_date_str

from playback.models.recording import EXPIRY_UNKNOWN

__all__ = [
    "BeijingDaysFilter",
    "ChoicesDropdownFilter",
    "ExpiryFilter",
    "GoneFilter",
    "LengthFilter",
    "MainFilter",
    "RoomFilter",
    "titled",
]


def titled(base: type[FieldListFilter], title: Any) -> type[FieldListFilter]:
    """A column's filter by another title than the column's name, which does not always read well after "By"."""

    class Titled(base):  # type: ignore[valid-type,misc]
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self.title = title

    return Titled


class GoneFilter(DropdownFilter):
    """Live rows unless somebody asks for what the vendor no longer has."""

    title = _("presence at the vendor")
    parameter_name = "presence"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", _("Still there")), ("gone", _("Gone")), ("all", _("Both"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "gone":
            return queryset.filter(gone_at__isnull=False)
        if self.value() == "all":
            return queryset
        return queryset.filter(gone_at=None)


class MainFilter(DropdownFilter):
    """Main versions, or the other cuts."""

    title = _("main version")
    parameter_name = "main"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Main versions")), ("no", _("Other versions"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(version=F("recording__main_version"))
        if self.value() == "no":
            return queryset.exclude(version=F("recording__main_version"))
        return queryset


class ExpiryFilter(DropdownFilter):
    """When the vendor stops keeping it, as far as it said."""

    # These windows lie close together in the list's own order, somewhere far down in it.
    ORDERS = {
        "week": ["expires_at", "-created_at", "-id"],
        "month": ["expires_at", "-created_at", "-id"],
        "over": ["-expires_at", "created_at", "id"],
    }

    title = _("expires")
    parameter_name = "expires"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("week", _("Within 7 days")),
            ("month", _("Within 30 days")),
            ("dated", _("On a date")),
            ("over", _("Expired")),
            ("never", _("For ever")),
            ("unknown", _("Unknown")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "week":
                return queryset.filter(expires_within(timedelta(days=7)))
            case "month":
                return queryset.filter(expires_within(timedelta(days=30)))
            case "dated":
                return queryset.filter(expires_at__isnull=False)
            case "over":
                return queryset.filter(expires_at__lte=timezone.now())
            case "never":
                return queryset.filter(valid_days=0, expires_at=None)
            case "unknown":
                return queryset.filter(EXPIRY_UNKNOWN)
        return queryset


def expires_within(span: timedelta) -> Q:
    """From now on: what has expired is not among it."""
    now = timezone.now()
    return Q(expires_at__gt=now, expires_at__lte=now + span)


class BeijingDaysFilter(RangeDateFilter):
    """Whole days in Beijing time, the last one included. A date that can't be read narrows nothing."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_from"))
        last = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_to"))
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(first)})
        if last:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(last) + timedelta(days=1)})
        return queryset


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class LengthFilter(RangeNumericFilter):
    """Length in minutes; the column holds seconds. What isn't a number narrows nothing."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: type[Model], model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self.title = _("length (minutes)")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for end, lookup in (("from", "gte"), ("to", "lte")):
            raw = self.used_parameters.get(f"{self.parameter_name}_{end}") or ""
            try:
                seconds = round(float(raw) * 60)
            except (ValueError, OverflowError):
                continue
            if abs(seconds) < 2**31:
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": seconds})
        return queryset


class _RoomForm(AutocompleteDropdownForm):
    """An empty field says, as the other filters do, that nothing is left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for shown in self.fields.values():
            shown.widget.attrs["data-placeholder"] = gettext("All")


class RoomFilter(AutocompleteSelectFilter):
    """A room, found by typing: a drop-down of ten thousand would take longer than the list."""

    form_class = _RoomForm
