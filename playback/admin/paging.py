"""Pages of lists whose cost does not grow: a count that stops, and pages counted from both ends.

The count stops at 10,001 ("10,000+"): 200 pages of 50 are reached from the first one on. What is at the other end is
reached from there: ``p=-1`` is the last page, ``p=-2`` the one before it, as deep as from the front. Such a page is
read in the reversed order and shown in the list's own, so it costs what its twin from the front costs. The last page is
a full one: what is over when the rows are divided by 50 stands on no page of its own. A list that was counted to its
end has no pages from the end: ``p=-1`` is its last page by number. ("Show all" is offered for what one page holds.)

A search by words passes over rows that have them not: where a fifth of all have them, 10,001 are counted when 50,000
have been met. So its count stops at 2,001 ("2,000+") on the first twenty of the forty pages that are there for certain
then; on those further down, and from the end, it goes on to 10,001 like any other, and all 200 are reached.

A page is read in two steps: first the ids of its rows, where an index can pass over those of the pages before it, then
those rows with all that is shown of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import OrderBy, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext
from unfold.views import ChangeList

COUNT_STOPS_AT = 10_001
OF_SEARCH_STOPS_AT = 2_001  # on the first half of the pages that this allows


class CappedCount(int):
    """A count that may have stopped: 10,001 stands for "more than 10,000" and is written so."""

    stops_at: int

    def __new__(cls, count: int, stops_at: int) -> Self:
        made = super().__new__(cls, count)
        made.stops_at = stops_at
        return made

    def __str__(self) -> str:
        return f"{self.stops_at - 1:,}+" if self >= self.stops_at else format(int(self), ",")

    __repr__ = __str__


class CappedPaginator(Paginator):
    """Counts no further than a person pages."""

    template_name = "playback/list_pages.html"

    @cached_property
    def stops_at(self) -> int:
        """The list may set another one, before anything is counted."""
        return COUNT_STOPS_AT

    @cached_property
    def count(self) -> int:
        return cast("QuerySet[Any]", self.object_list).order_by().values("pk")[: self.stops_at].count()

    @property
    def capped(self) -> bool:
        return self.count >= self.stops_at

    @cached_property
    def num_pages(self) -> int:
        """Of a count that stopped, those that are full for certain."""
        return max((self.stops_at - 1) // self.per_page, 1) if self.capped else super().num_pages

    def ids(self, number: int) -> list[Any]:
        """The keys of a page's rows, in the list's order; a negative number counts from the end."""
        rows = cast("QuerySet[Any]", self.object_list).values_list("pk", flat=True)
        first = (abs(number) - 1) * self.per_page
        found = list((rows if number > 0 else rows.reverse())[first : first + self.per_page])
        return found if number > 0 else found[::-1]

    def get_elided_page_range(
        self, number: int | float | str = 1, *, on_each_side: int = 3, on_ends: int = 2
    ) -> Iterator[int | str]:
        """What stands in the bar of the pages from the front."""
        if int(number) < 0:
            yield from range(1, min(on_ends, self.num_pages) + 1)
        else:
            yield from super().get_elided_page_range(number, on_each_side=on_each_side, on_ends=on_ends)


@dataclass(frozen=True, slots=True)
class PageFromEnd:
    label: str
    url: str
    current: bool


class CappedChangeList(ChangeList):
    page_num: int
    preserved_filters: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept_filters: str = self.preserved_filters
        self.preserved_filters = ""  # of the rows' addresses, which have them already

    def url_for_result(self, result: Any) -> str:
        """With the list's filters. Django adds them where the list has any, by taking each row's address apart and
        looking for its view again among all there are: a sixth of a page's time."""
        url = str(super().url_for_result(result))
        return f"{url}?{self.kept_filters}" if self.kept_filters else url

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        paginator.stops_at = self._count_stops_at()
        self.paginator = paginator
        self.result_count: int = CappedCount(paginator.count, paginator.stops_at)
        self.show_full_result_count = self.model_admin.show_full_result_count
        self.show_admin_actions = True
        self.can_show_all = paginator.count <= self.list_max_show_all
        self.multi_page = paginator.count > self.list_per_page
        self.full_result_count = None
        if not self.has_active_filters and not self.query:
            self.full_result_count = self.result_count  # nothing is left out: the heading needs no "show all"
        self.page_num = self._checked(self.page_num) if self.multi_page else 1
        self.result_list: list[Any] = self._rows(paginator.ids(self.page_num))
        self.model_admin.decorate(self.result_list)

    def _count_stops_at(self) -> int:
        if not self.query.strip() or not self.model_admin.searched_by_words:
            return COUNT_STOPS_AT
        near = 0 < self.page_num <= OF_SEARCH_STOPS_AT // self.list_per_page // 2
        return OF_SEARCH_STOPS_AT if near else COUNT_STOPS_AT

    def _checked(self, number: int) -> int:
        pages = self.paginator.num_pages
        if not 1 <= abs(number) <= pages:
            raise IncorrectLookupParameters
        return number if number > 0 or self.paginator.capped else pages + 1 + number

    def _rows(self, ids: list[Any]) -> list[Any]:
        """Asked for by their keys alone: filters and searches have done their work."""
        rows = self.root_queryset.order_by().filter(pk__in=ids)
        if not rows.query.select_related:
            rows = self.apply_select_related(rows)
        found = {row.pk: row for row in rows}
        return [found[pk] for pk in ids if pk in found]

    @property
    def pages_from_end(self) -> list[PageFromEnd]:
        """For the bar: the last page, and those around the shown one if that is counted from the end."""
        if not self.paginator.capped:
            return []
        near = range(self.page_num - 1, self.page_num + 2) if self.page_num < 0 else ()
        numbers = sorted({-1, *(number for number in near if -self.paginator.num_pages <= number < 0)})
        return [
            PageFromEnd(
                gettext("Last page") if number == -1 else gettext("%(number)d from the end") % {"number": -number},
                self.get_query_string({PAGE_VAR: number}),
                number == self.page_num,
            )
            for number in numbers
        ]

    def _get_default_ordering(self) -> list[Any]:
        return self.model_admin.ordering_by(self.params) or list(super()._get_default_ordering())

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Rows that are equal in the chosen column stand in the list's own order, and all of it turns round with the
        column: either way is one way through one index."""
        ordering = super().get_ordering(request, queryset)
        default = self._get_default_ordering()
        if not self.params.get(ORDER_VAR) or not ordering or ordering[-1] != "-pk":
            return ordering
        chosen = [_parts(part) for part in ordering[:-1]]
        if not chosen or not all(isinstance(part, str) for part in default):
            return ordering
        own = dict(_parts(part) for part in default)
        name, backwards = chosen[0]
        turned = backwards != own[name] if name in own else backwards
        named = {name for name, _ in chosen}
        rest = [f"{'' if descending == turned else '-'}{name}" for name, descending in own.items() if name not in named]
        return [*ordering[:-1], *rest]


def _parts(part: Any) -> tuple[str, bool]:
    """A column's name, and whether its greatest comes first."""
    if isinstance(part, OrderBy):
        return str(getattr(part.expression, "name", "")), part.descending
    return part.removeprefix("-"), part.startswith("-")
