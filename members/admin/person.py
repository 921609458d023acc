"""One person whole: what is added to a member's page, the file with everything, the removal from everything."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from playback import display
from playback.admin import actions, spreadsheet
from playback.admin.operation import plan_url
from playback.models import Recording
from playback.operations import execute
from playback.operations.base import OperationInvalid

from .. import person, privacy
from ..models import Member
from .member import PARTS
from .pages import page

SHOWN = 30  # rows of a part on the page


def _actions(request: HttpRequest, member: Member) -> dict[str, Any]:
    return {
        "export_url": reverse("members-person-export", args=[member.pk]),
        "remove_url": reverse("members-person-remove", args=[member.pk]),
        "may_remove": request.user.has_perm("members.remove_person"),
        "access_url": f"{reverse('members-access')}?person={member.pk}",
        "may_trace": request.user.has_perm("members.trace_access"),
        "contacts": privacy.may_see_contacts(request.user),
    }


def _tables(request: HttpRequest, member: Member) -> dict[str, Any]:
    tables = []
    for part in person.parts(request.user):
        if part.on_page:
            rows = [list(map(_shown, row)) for row in islice(part.rows(member), SHOWN + 1)]
            tables.append(
                {"name": part.name, "title": part.title, "header": part.header, "rows": rows[:SHOWN],
                 "more": len(rows) > SHOWN}
            )  # fmt: skip
    return {"tables": tables}


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return display.moment(value)
    return display.EMPTY if value is None or value == "" else value


PARTS.append(("members/person/actions.html", _actions))
PARTS.append(("members/person/tables.html", _tables))


@page("members.view_member", ["POST"])
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """One file with everything. Phone and mail are masked for who may not see them; else the look is logged."""
    member = get_object_or_404(Member, pk=pk)
    plain = privacy.may_see_contacts(request.user)
    phone = member.phone_number if plain else privacy.masked_phone(member.phone_number)
    mail = member.email if plain else privacy.masked_mail(member.email)
    if plain and (phone or mail):
        privacy.log_look(request.user, "export of a person", member=member)
    facts: list[list[Any]] = [
        [gettext("Full name"), member.name],
        [gettext("Number"), member.user_sn],
        [gettext("User id"), str(member.user_id)],
        [gettext("Phone"), phone],
        [gettext("Mail"), mail],
        [gettext("Remark"), member.remark],
        [gettext("Created"), member.created_at],
        [gettext("First seen"), member.first_seen_at],
        [gettext("Gone since"), member.gone_at],
        [gettext("Made anonymous"), member.anonymised_at],
        [gettext("File made"), timezone.now()],
    ]
    sheets = [spreadsheet.Sheet(gettext("Member"), [gettext("What"), gettext("Value")], facts)]
    sheets += [
        spreadsheet.Sheet(str(part.title), part.header, part.rows(member)) for part in person.parts(request.user)
    ]
    return spreadsheet.download(f"person-{member.pk}", spreadsheet.sheets(sheets))


@page("members.remove_person", ["POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan the removal from every list; confirming is the plan's own step."""
    member = get_object_or_404(Member, pk=pk)
    back = reverse("admin:members_member_change", args=[member.pk])
    try:
        planned = execute.plan("remove_person", request.user, Recording.objects.none(), {"user_id": member.pk})
    except OperationInvalid as invalid:
        for sentence in actions.sentences(invalid):
            messages.error(request, sentence)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(f"{plan_url(planned)}?{actions.back_query(back)}")
