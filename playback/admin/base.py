"""What all our admin pages share: read-only mirrors, lists whose cost doesn't grow, detail pages of facts.

The mirror's rows are the vendor's facts: nobody edits them here. Changing something is an operation, which calls the
vendor; so every model admin of this package forbids add, change and delete and shows a page of facts instead of a
form.

A list page costs the same whatever the size of the table: the count stops at 10,001, that of a search by words at 2,001
(:mod:`playback.admin.paging`), the total without filters isn't counted at all, and there is no date hierarchy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from playback.sync.freshness import Freshness

from . import search, stale_banner
from .facts import Group
from .paging import CappedChangeList, CappedPaginator


class ReadOnlyAdmin(ModelAdmin):
    """A list and a page of facts; nothing can be added, changed or deleted through it."""

    list_per_page = 50
    list_max_show_all = 50  # "show all" would undo what the paginator saves
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count a choice of each filter
    paginator = CappedPaginator
    searched_by_words: ClassVar[bool] = False  # row by row, where these are common: not counted as far
    list_filter_submit = True
    list_fullwidth = True
    change_list_template = "playback/change_list.html"  # the theme's, with the banner of old data
    actions_selection_counter = True
    detail_template: ClassVar[str] = "playback/detail.html"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CappedChangeList

    def ordering_by(self, parameters: Mapping[str, str]) -> list[str]:
        """The list's order where a filter asks for one of its own; none: the model's."""
        return []

    def decorate(self, rows: list[Any]) -> None:
        """Add to the rows of the shown page what costs a query of its own."""

    def groups(self, request: HttpRequest, obj: Any) -> list[Group]:
        """The facts of one row, for its page."""
        raise NotImplementedError

    def sections(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What else the page's template shows."""
        return {}

    def title_of(self, obj: Any) -> str:
        return str(obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A token that was pasted with a player's address goes no further: neither into the page nor into links."""
        term = request.GET.get(SEARCH_VAR, "")
        cleaned = search.without_tokens(term)
        if cleaned != term and request.method in {"GET", "HEAD"}:
            query = request.GET.copy()
            query[SEARCH_VAR] = cleaned
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        return super().changelist_view(request, {"stale": self.banner(request), **(extra_context or {})})

    def banner(self, request: HttpRequest) -> stale_banner.Banner | None:
        """Above the list, where its data is old."""
        return stale_banner.of_list(request, self.model)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self.page(request, obj, extra_context)

    def page(self, request: HttpRequest, obj: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page of one row; who may see it was asked."""
        self.decorate([obj])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.title_of(obj),
            "object": obj,
            "model_admin": self,
            "is_fullwidth": "1",
            "groups": self.groups(request, obj),
            "stale": stale_banner.of_row(request, obj),
            **self.sections(request, obj),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.detail_template, context)


class MirrorAdmin(ReadOnlyAdmin):
    """A mirrored model: search by words or by ids as pasted (:mod:`playback.admin.search`), each row with its age."""

    searched_by_words = True

    def condition(self, term: str) -> Q:
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(self.condition(search_term)), False

    def decorate(self, rows: list[Any]) -> None:
        """When each was last seen, for one query."""
        freshness = Freshness.load()
        for row in rows:
            row.last_seen_at = freshness.last_seen(row)
