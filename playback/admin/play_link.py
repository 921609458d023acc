"""The ledger of play links: who made which for whom. A link that somebody found is looked up by its hash.

Searching is a POST here, unlike in the other lists: somebody will paste a whole link, and what is searched for with GET
stands in the browser's history and in the web server's log. What looks like a link or a token is turned into its hash
before it becomes part of an address.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display as column

from playback import display
from playback.models import PlayLink, Recording
from playback.play_links import ledger

from . import search
from .base import ReadOnlyAdmin
from .facts import Fact, Group
from .filters import BeijingDaysFilter, ChoicesDropdownFilter


class MakerFilter(DropdownFilter):
    """Staff, from the short table of people and not from the long one of links."""

    title = _("made by")
    parameter_name = "made_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        staff = get_user_model()._default_manager.filter(is_staff=True).order_by("username")
        return [(str(person.pk), display_name(person)) for person in staff]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(made_by=int(value)) if value.isdecimal() and len(value) < 19 else queryset


class EndFilter(DropdownFilter):
    """Links that still open the player, as far as time tells, and those that do not."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("good", _("Still good")), ("over", _("Over")), ("for_ever", _("For ever"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "good":
                return queryset.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
            case "over":
                return queryset.filter(expires_at__lte=timezone.now())
            case "for_ever":
                return queryset.filter(expires_at=None)
        return queryset


@admin.register(PlayLink)
class PlayLinkAdmin(ReadOnlyAdmin):
    list_display = ["title", "kind_label", "whom", "maker", "made", "until"]
    list_display_links = ["title"]
    list_filter = [("kind", ChoicesDropdownFilter), EndFilter, MakerFilter, ("made_at", BeijingDaysFilter)]
    search_fields = ["label"]
    search_help_text = _("Recording, ids, for whom, or a whole link")
    list_select_related = ["recording", "made_by"]

    def get_urls(self) -> list[URLPattern]:
        find = path("find/", self.admin_site.admin_view(self.find), name="playback_playlink_find")
        return [find, *super().get_urls()]

    def find(self, request: HttpRequest) -> HttpResponse:
        """From the search box to the list, with the box's words or the hash of the link in it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        words = request.POST.get("q", "").strip()
        kept = [(name, value) for name, value in request.POST.items() if name not in {"q", "csrfmiddlewaretoken", "p"}]
        query = urlencode([*kept, ("q", ledger.hash_in(words) or words)] if words else kept)
        return HttpResponseRedirect(f"{reverse('admin:playback_playlink_changelist')}?{query}")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if found := ledger.hash_in(term):
            return queryset.filter(token_hash=found), False
        condition = Q(recording__in=Recording.objects.filter(search.recordings(term)).values("pk"))
        condition |= Q(label__icontains=term) | Q(for_name__icontains=term)
        ids = search.parse(term)
        if ids is not None and ids.numbers:
            condition |= Q(for_number__in=ids.numbers)
        return queryset.filter(condition), False

    @column(description=_("recording"), ordering="label")
    def title(self, link: PlayLink) -> str:
        return link.label

    @column(description=_("kind"), ordering="kind")
    def kind_label(self, link: PlayLink) -> Any:
        return kind_of(link)

    @column(description=_("for"), ordering="for_name")
    def whom(self, link: PlayLink) -> Any:
        return whom(link)

    @column(description=_("made by"), ordering="made_by__username")
    def maker(self, link: PlayLink) -> Any:
        return maker_of(link)

    @column(description=_("made (Beijing)"), ordering="made_at")
    def made(self, link: PlayLink) -> Any:
        return display.moment(link.made_at)

    @column(description=_("good until"), ordering="expires_at")
    def until(self, link: PlayLink) -> Any:
        return end_of(link)

    def title_of(self, obj: PlayLink) -> str:
        return gettext("Play link of %(recording)s") % {"recording": obj.label}

    def groups(self, request: HttpRequest, obj: PlayLink) -> list[Group]:
        return [
            Group(
                _("Play link"),
                [
                    Fact(_("recording"), recording_of(obj)),
                    Fact(_("kind"), kind_of(obj)),
                    Fact(_("for"), obj.for_name or display.EMPTY),
                    Fact(_("viewer's number"), display.EMPTY if obj.for_number is None else str(obj.for_number)),
                    Fact(_("made by"), maker_of(obj)),
                    Fact(_("made"), display.beijing(obj.made_at)),
                    Fact(_("good until"), display.beijing(obj.expires_at) if obj.expires_at else gettext("For ever")),
                    Fact(_("link"), gettext("Not kept: it was shown once, to the person who made it.")),
                ],
            )
        ]


def recording_of(link: PlayLink) -> Any:
    if link.recording_id is None:
        return link.label
    return display.link(reverse("admin:playback_recording_change", args=[link.recording_id]), link.label)


def kind_of(link: PlayLink) -> Any:
    icon = "looks_one" if link.kind == PlayLink.Kind.ONE_TIME else "schedule"
    return display.badge(link.get_kind_display(), "neutral", icon)


def whom(link: PlayLink) -> Any:
    parts = [link.for_name, "" if link.for_number is None else str(link.for_number)]
    return display.lines(part for part in parts if part) or display.EMPTY


def maker_of(link: PlayLink) -> str:
    return display_name(link.made_by) if link.made_by else display.EMPTY


def display_name(person: Any) -> str:
    return person.get_full_name() or person.get_username()


def end_of(link: PlayLink) -> Any:
    """When it ends, or that it is over; a link for one opening may be used up sooner, which nobody tells us."""
    if link.expires_at is None:
        return display.badge(gettext("For ever"), "warning", "all_inclusive")
    if link.expires_at <= timezone.now():
        return display.lines([display.badge(gettext("Over"), "neutral", "timer_off"), display.moment(link.expires_at)])
    return display.moment(link.expires_at)
