"""Who saw phone numbers and mail addresses unmasked: the log, to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column

from playback import display
from playback.admin.base import ReadOnlyAdmin
from playback.admin.facts import Fact, Group
from playback.admin.filters import BeijingDaysFilter

from ..models import ContactView


@admin.register(ContactView)
class ContactViewAdmin(ReadOnlyAdmin):
    list_display = ["when", "person", "whose", "place", "count"]
    list_display_links = ["when"]
    list_filter = [("at", BeijingDaysFilter)]
    list_select_related = ["user", "member"]
    search_fields = ["user__username", "place"]
    search_help_text = _("User name or place")

    @column(description=_("when (Beijing)"), ordering="at")
    def when(self, look: ContactView) -> Any:
        return display.moment(look.at)

    @column(description=_("person"), ordering="user__username")
    def person(self, look: ContactView) -> str:
        return look.user.get_username() if look.user else display.EMPTY

    @column(description=_("member"))
    def whose(self, look: ContactView) -> Any:
        return _whose(look)

    def title_of(self, obj: ContactView) -> str:
        return f"{self.person(obj)} · {display.beijing(obj.at)}"

    def groups(self, request: HttpRequest, obj: ContactView) -> list[Group]:
        return [
            Group(
                _("Look at contact data"),
                [
                    Fact(_("person"), self.person(obj)),
                    Fact(_("member"), _whose(obj)),
                    Fact(_("where"), obj.place),
                    Fact(_("members shown"), display.number(obj.count)),
                    Fact(_("when"), display.beijing(obj.at)),
                ],
            )
        ]


def _whose(look: ContactView) -> Any:
    if look.member is None:
        return display.EMPTY
    return display.link(reverse("admin:members_member_change", args=[look.member.pk]), look.member)
