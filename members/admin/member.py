"""Members: the list, and the page of one.

Searching is a POST: a phone number or a mail address in a web address would stand in logs and histories. What looks
like one is turned into the user ids it finds before it becomes part of an address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column
from unfold.views import ChangeList

from playback import display
from playback.admin.base import MirrorAdmin
from playback.admin.facts import Fact, Group, id_fact, mirror_group
from playback.admin.filters import GoneFilter
from playback.admin.paging import CappedChangeList

from .. import privacy
from ..models import Member, RecordingMembership, RoomMembership
from . import contacts, list_add, list_panel, search

SHOWN = 50  # rooms and recordings on the page of one
NOBODY = "***"  # stands in the address for what found nobody
FOUND_MOST = 200  # people whose ids stand in an address

# More parts of a member's page: (template, context of it). The whole of a person (links, watching, operations) is added
# here by its own module.
PARTS: list[tuple[str, Callable[[HttpRequest, Member], dict[str, Any]]]] = []


class MemberChangeList(CappedChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        contacts.show(request, self.result_list, "list of members")


@admin.register(Member)
class MemberAdmin(MirrorAdmin):
    list_display = ["title", "number", "user", "phone", "mail", "rooms", "recordings", "seen"]
    list_display_links = ["title"]
    list_filter = [GoneFilter]
    search_fields = ["name"]
    search_help_text = _("Name, number, user id, last 4 of the phone, mail")
    detail_template = "members/member.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        of_list = "list/<slug:of>/<int:pk>/"
        return [
            path("find/", view(self.find), name="members_member_find"),
            path(of_list, view(list_panel.panel), name="members_list"),
            path(f"{of_list}add/", view(lambda r, of, pk: list_add.add(self, r, of, pk)), name="members_list_add"),
            path(f"{of_list}remove/", view(list_panel.remove), name="members_list_remove"),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MemberChangeList

    def find(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        words = request.POST.get("q", "").strip()
        kept = [(name, value) for name, value in request.POST.items() if name not in {"q", "csrfmiddlewaretoken", "p"}]
        if search.contact_words(words):
            may_see = privacy.may_see_contacts(request.user)
            found = Member.objects.filter(search.condition(words, may_see_contacts=may_see)).order_by("pk")
            ids = list(found.values_list("pk", flat=True)[:FOUND_MOST])
            words = ",".join(map(str, ids)) or NOBODY
            if not ids:
                messages.warning(request, gettext("Nobody was found by that."))
        query = urlencode([*kept, ("q", words)] if words else kept)
        return HttpResponseRedirect(f"{reverse('admin:members_member_changelist')}?{query}")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        may_see = privacy.may_see_contacts(request.user)
        return queryset.filter(search.condition(search_term, may_see_contacts=may_see)), False

    def decorate(self, rows: list[Any]) -> None:
        """How many lists name each, and when the last of these was read: two queries."""
        ids = [row.pk for row in rows]
        rooms = _lists(RoomMembership.objects.filter(member__in=ids, gone_at=None), "room")
        recordings = _lists(RecordingMembership.objects.filter(member__in=ids, gone_at=None), "recording")
        for row in rows:
            (row.room_count, in_rooms), (row.recording_count, in_recordings) = (
                counted.get(row.pk, (0, None)) for counted in (rooms, recordings)
            )
            reads = [moment for moment in (row.synced_at, in_rooms, in_recordings) if moment is not None]
            row.last_seen_at = max(reads, default=None)

    @column(description=_("name"), ordering="name")
    def title(self, member: Member) -> Any:
        parts: list[Any] = [name_of(member)]
        if member.gone_at:
            parts.append(gone_badge(member))
        return display.lines(parts)

    @column(description=_("number"), ordering="user_sn")
    def number(self, member: Member) -> str:
        return member.user_sn or display.EMPTY

    @column(description=_("user id"), ordering="user_id")
    def user(self, member: Member) -> str:
        return str(member.user_id)

    @column(description=_("phone"))
    def phone(self, member: Any) -> str:
        return member.phone_shown or display.EMPTY

    @column(description=_("mail"))
    def mail(self, member: Any) -> str:
        return member.mail_shown or display.EMPTY

    @column(description=_("rooms"))
    def rooms(self, member: Any) -> str:
        return display.number(member.room_count)

    @column(description=_("recordings"))
    def recordings(self, member: Any) -> str:
        return display.number(member.recording_count)

    @column(description=_("last seen"))
    def seen(self, member: Any) -> Any:
        return display.moment(member.last_seen_at)

    # ------------------------------------------------------------ the page of one

    def title_of(self, obj: Member) -> str:
        return name_of(obj)

    def groups(self, request: HttpRequest, obj: Any) -> list[Group]:
        contacts.show(request, [obj], "member page")
        person = [
            Fact(_("name"), obj.name or display.EMPTY),
            Fact(_("number"), obj.user_sn or display.EMPTY, copy=obj.user_sn),
            id_fact(_("user id"), obj.user_id),
            Fact(_("phone"), obj.phone_shown or display.EMPTY),
            Fact(_("mail"), obj.mail_shown or display.EMPTY),
            Fact(_("remark"), obj.remark or display.EMPTY),
            Fact(_("role"), display.EMPTY if obj.role is None else str(obj.role)),
            Fact(_("created"), display.beijing(obj.created_at)),
        ]
        if obj.anonymised_at:
            person.insert(0, Fact(_("made anonymous"), display.beijing(obj.anonymised_at)))
        return [Group(_("Member"), person), mirror_group(obj)]

    def sections(self, request: HttpRequest, obj: Member) -> dict[str, Any]:
        rooms = obj.room_memberships.filter(gone_at=None).select_related("room").order_by("-room__created_at", "pk")
        recordings = obj.recording_memberships.filter(gone_at=None).select_related("recording", "recording__room")
        recordings = recordings.order_by("-recording__created_at", "pk")
        may_see_rooms = request.user.has_perm("playback.view_room")
        may_see_recordings = request.user.has_perm("playback.view_recording")
        return {
            "heading": name_of(obj),
            "gone": gone_badge(obj) if obj.gone_at else "",
            "rooms": _first(rooms) if may_see_rooms else None,
            "recordings": _first(recordings) if may_see_recordings else None,
            "parts": [{"template": template, **context(request, obj)} for template, context in PARTS],
        }


def _lists(memberships: QuerySet[Any], of: str) -> dict[int, tuple[int, Any]]:
    read_at = f"{of}__member_list__read_at"
    counted = memberships.order_by().values_list("member_id").annotate(Count("pk"), Max(read_at))
    return {member: (count, latest) for member, count, latest in counted}


def _first(rows: QuerySet[Any]) -> dict[str, Any]:
    found = list(rows[: SHOWN + 1])
    return {"rows": found[:SHOWN], "more": len(found) > SHOWN}


def name_of(member: Member) -> str:
    return member.name or member.user_sn or str(member.user_id)


def gone_badge(member: Member) -> Any:
    title = display.beijing(member.gone_at) if member.gone_at else ""
    return display.badge(gettext("On no list any more"), "neutral", "link_off", title=title)
